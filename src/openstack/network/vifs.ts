import * as z from 'zod';
import type { Card } from '../../core/network-service.js';
import { type BareMetal, NoAnswer, Refused } from '../../core/ports.js';
import { canonicalMac, isUuid, macPattern, uuidPattern } from '../../core/text/identifiers.js';
import type { Answer, Ask } from '../http.js';
import { errorFrom, readable } from '../refusals.js';

const Recorded = {
  address: z.string().regex(macPattern).nullable(),
  internal_info: z.looseObject({ tenant_vif_port_id: z.string().regex(uuidPattern).nullish() }).nullish(),
};
const Ports = z.looseObject({
  ports: z.array(
    z.looseObject({ ...Recorded, pxe_enabled: z.boolean().catch(false), portgroup_uuid: z.string().nullish() }),
  ),
});
const Groups = z.looseObject({ portgroups: z.array(z.looseObject(Recorded)) });

/** A page of the ports, or of the bonds, of all servers. */
const Page = z
  .looseObject({
    ports: z.array(z.unknown()).optional(),
    portgroups: z.array(z.unknown()).optional(),
    next: z.string().nullish().catch(null),
  })
  .transform(({ ports, portgroups, next }) => ({ rows: ports ?? portgroups, isLast: !next }));
const Row = z.looseObject({
  uuid: z.string().regex(uuidPattern),
  node_uuid: z.string(),
  internal_info: Recorded.internal_info,
});

/** The fields to ask for of a node's bonds, and of its ports. */
const bondFields = 'address,internal_info';
const cardFields = `${bondFields},pxe_enabled,portgroup_uuid`;

/** A page has at most so many rows, whatever Ironic's own limit is. */
const pageLimit = 1_000;

export interface VifOptions {
  /** Sends a read, and repeats it while that may help. */
  readonly read: (request: () => Ask, signal: AbortSignal) => Promise<Answer>;
  /** Sends a change, once. */
  readonly ask: (request: () => Ask, signal: AbortSignal) => Promise<Answer>;
  readonly nodePath: (ref: string) => string;
}

/**
 * The network cards of servers, and the VIFs on them. They are read from Ironic's records of the cards: its own list of
 * a node's VIFs asks Neutron, and has no answer while that is down.
 */
export function createVifs({
  read,
  ask,
  nodePath,
}: VifOptions): Pick<BareMetal, 'cards' | 'recordedAt' | 'attach' | 'detach'> {
  async function listed(path: string, query: Record<string, string>, signal: AbortSignal): Promise<Answer> {
    const answer = await read(() => ({ method: 'GET', path, query }), signal);
    if (answer.status !== 200) throw errorFrom(answer);
    return answer;
  }

  async function cards(serverId: string, signal: AbortSignal): Promise<readonly Card[]> {
    const answer = await listed('v1/ports', { node: serverId, fields: cardFields }, signal);
    const all = readable(cardsFrom(answer.body), answer);
    if (all.every(({ kind }) => kind === 'single')) return all;
    const grouped = await listed('v1/portgroups', { node: serverId, fields: bondFields }, signal);
    return [...all, ...readable(bondsFrom(grouped.body), grouped)];
  }

  /** Adds the VIFs on all cards, or on all bonds, that we may see. */
  async function addRecorded(kind: 'ports' | 'portgroups', to: Map<string, string>, signal: AbortSignal) {
    for (let marker: string | undefined, isLast = false; !isLast; ) {
      const fields = 'uuid,node_uuid,internal_info';
      const query = { fields, limit: String(pageLimit), ...(marker === undefined ? {} : { marker }) };
      const answer = await listed(`v1/${kind}`, query, signal);
      const page = Page.safeParse(answer.body).data;
      const rows = readable(z.array(Row).safeParse(page?.rows).data, answer);
      for (const { node_uuid: node, internal_info: info } of rows) {
        if (info?.tenant_vif_port_id) to.set(info.tenant_vif_port_id, node);
      }
      marker = rows.at(-1)?.uuid;
      isLast = page?.isLast === true || marker === undefined;
    }
  }

  return {
    cards,

    async recordedAt(signal) {
      const all = new Map<string, string>();
      await addRecorded('ports', all, signal);
      await addRecorded('portgroups', all, signal);
      return all;
    },

    async attach(serverId, vif, signal) {
      const answer = await ask(
        () => ({ method: 'POST', path: `${nodePath(serverId)}/vifs`, json: { id: vif } }),
        signal,
      );
      if (answer.status === 204) return 'accepted';
      const error = errorFrom(answer);
      // Ironic records a port before it binds it, and keeps the record if Neutron refuses.
      if (error instanceof Refused && error.refusal === 'invalid') throw error;
      const now = await cards(serverId, signal).catch((reason: unknown) => {
        // A read without an answer says nothing about the change.
        throw error instanceof NoAnswer ? error : reason;
      });
      if (!isRecorded(vif, now)) throw error;
      return 'recorded';
    },

    async detach(serverId, vif, signal) {
      if (!isUuid(vif)) throw new Refused('invalid', 'no port can have this id', 'us');
      const answer = await ask(() => ({ method: 'DELETE', path: `${nodePath(serverId)}/vifs/${vif}` }), signal);
      if (answer.status === 204 || !isRecorded(vif, await cards(serverId, signal))) return;
      throw errorFrom(answer);
    },
  };
}

function isRecorded(vif: string, cards: readonly Card[]): boolean {
  return cards.some((card) => card.vif === vif);
}

function cardsFrom(body: unknown): readonly Card[] | undefined {
  return Ports.safeParse(body).data?.ports.map((port) => ({
    ...cardFrom(port),
    pxe: port.pxe_enabled,
    kind: port.portgroup_uuid ? 'in a bond' : 'single',
  }));
}

function bondsFrom(body: unknown): readonly Card[] | undefined {
  return Groups.safeParse(body).data?.portgroups.map((group) => ({ ...cardFrom(group), pxe: false, kind: 'bond' }));
}

function cardFrom({ address, internal_info: info }: z.output<z.ZodObject<typeof Recorded>>) {
  return { mac: canonicalMac(address ?? ''), vif: info?.tenant_vif_port_id ?? null };
}
