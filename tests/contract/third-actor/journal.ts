import { kindOf } from '../../support/faults/fault-table.js';
import { isChange } from '../fault-requests.js';
import type { ActorGround, Fetch, Node } from './actor-lab.js';

/** A change that Ironic has agreed to. */
export interface Change {
  /** Which request of its program it was, from 1. */
  readonly nth: number;
  /** Its place among all changes in this Ironic. */
  readonly at: number;
  readonly kind: string;
  readonly id: string;
  readonly body: unknown;
  /** The port that it is about, if any. */
  readonly vif: string | undefined;
  /** The node right before. */
  readonly before: Node;
  readonly vifsBefore: readonly string[];
}

/** What one program has done, as Ironic saw it. */
export interface Journal {
  /** The requests so far. */
  readonly requests: readonly { readonly kind: string; readonly id: string | undefined }[];
  readonly changes: readonly Change[];
  /** The first sight of each node that the program had, by id. */
  readonly firstSight: ReadonlyMap<string, Node>;
  /** Notes that the program is about to send a request. */
  note(request: Request): void;
  /** Passes requests on to Ironic and writes down what they change. */
  readonly fetch: Fetch;
}

/** Not all of them: reading a node is most of what a case costs. */
const fields =
  'fields=uuid,name,provision_state,provision_updated_at,instance_uuid,instance_info,maintenance,reservation';

/** The nodes that a query finds. */
export async function nodesNow({ ask }: Pick<ActorGround, 'ask'>, query: string): Promise<readonly Node[]> {
  const { body } = await ask('GET', `nodes?${query}&${fields}`);
  return (body as { nodes: Node[] }).nodes;
}

export async function nodeNow({ ask }: Pick<ActorGround, 'ask'>, id: string): Promise<Node | null> {
  const { status, body } = await ask('GET', `nodes/${id}?${fields}`);
  return status === 200 ? (body as Node) : null;
}

export async function vifsNow({ ask, hasPorts }: ActorGround, id: string): Promise<readonly string[]> {
  if (!hasPorts) return [];
  const { status, body } = await ask('GET', `nodes/${id}/vifs`);
  return status === 200 ? (body as { vifs: { id: string }[] }).vifs.map((vif) => vif.id) : [];
}

const nodePath = /^\/v1\/nodes\/([0-9a-f-]{36})(?:\/|$)/;

/** The node that a request names; undefined for lists. */
function nodeIn(request: Request): string | undefined {
  return nodePath.exec(new URL(request.url).pathname)?.[1];
}

let last = 0;

function nextAt(): number {
  last += 1;
  return last;
}

export function createJournal(ground: ActorGround): Journal {
  const requests: { kind: string; id: string | undefined }[] = [];
  const changes: Change[] = [];
  const firstSight = new Map<string, Node>();

  async function change(request: Request, kind: string, id: string): Promise<Response> {
    const nth = requests.length;
    const sent = request.body === null ? '' : await request.clone().text();
    const before = await nodeNow(ground, id);
    const vifsBefore = before && (kind === 'attach' || kind === 'detach') ? await vifsNow(ground, id) : [];
    const response = await ground.send(request);
    if (response.ok && before) {
      const body = sent === '' ? undefined : JSON.parse(sent);
      const vif = kind === 'detach' ? new URL(request.url).pathname.split('/').at(-1) : body?.id;
      changes.push({ nth, at: nextAt(), kind, id, body, vif, before, vifsBefore });
    }
    return response;
  }

  return {
    requests,
    changes,
    firstSight,
    note(request) {
      const { pathname, search } = new URL(request.url);
      requests.push({ kind: kindOf(request.method, pathname + search), id: nodeIn(request) });
    },
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const kind = kindOf(request.method, pathname + search);
      const id = nodeIn(request);
      if (isChange(kind) && id !== undefined) return change(request, kind, id);
      const response = await ground.send(request);
      if (kind === 'server' && response.status === 200) {
        const seen = (await response.clone().json()) as Node;
        if (!firstSight.has(seen.uuid)) firstSight.set(seen.uuid, seen);
      }
      return response;
    },
  };
}
