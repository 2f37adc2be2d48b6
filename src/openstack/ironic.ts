import * as z from 'zod';
import { type Retrying, retryingRead } from '../core/async/retry.js';
import { pagesOf } from '../core/inventory/pages.js';
import {
  type BareMetal,
  type LastLook,
  NoAnswer,
  Refused,
  type Sent,
  type ServerFilter,
  type ServerPage,
} from '../core/ports.js';
import type { Server } from '../core/server.js';
import { deployingStates, freeState, movingStates } from '../core/states.js';
import { isServerRef } from '../core/text/identifiers.js';
import { errorsFrom } from './history.js';
import type { Answer, Ask, Http } from './http.js';
import { momentFrom } from './moment.js';
import { createVifs } from './network/vifs.js';
import { bootPatch, fieldsOf, releasingPatch, reservingPatch, serverFrom } from './node.js';
import { errorFrom, readable, unreadable } from './refusals.js';
import { createVersion } from './versions.js';

const Nodes = z.looseObject({ nodes: z.array(z.unknown()), next: z.string().nullish().catch(null) });

export interface IronicOptions extends Retrying {
  readonly http: Http;
}

/**
 * Ironic sorts by id, so a short list of free servers would send all callers to the same few. A long list wastes time: each
 * server in it costs 0.35 ms (measured on Ironic 21.4), and a caller uses one.
 */
const firstFree = 80;

/** Ironic's default limit for a page. */
const pageLimit = 1_000;

/** With all fields of its agent, a node in deployment may take 10 KB. */
const movingLimit = 500;

/** If our clock differs more from Ironic's, in milliseconds, it is plainly wrong. */
const plainlyWrong = 6 * 60_000;

/** How long, in milliseconds, the last look at a server stays valid. */
const freshFor = 1_000;

/** The bare-metal port, and the API version for operators. */
export interface Ironic extends BareMetal {
  /** The version of Ironic's API in use, as of its latest answer. */
  apiVersion(): string;
}

/** Bare metal by Ironic's REST API ("Bare Metal API Reference", nodes). Repeats reads, never changes. */
export function createIronic({ http, clock, random }: IronicOptions): Ironic {
  const version = createVersion();
  /** How far Ironic's clock was ahead of ours at its latest answer, in milliseconds. */
  let skew = 0;
  const isOff = () => Math.abs(skew) > plainlyWrong;

  async function ask(request: () => Ask, signal: AbortSignal, deadline?: AbortSignal): Promise<Answer> {
    for (let again = false; ; again = true) {
      const asked = version.spoken();
      // Build the request anew each time, because its fields depend on the version.
      const answer = await http.ask({ ...request(), headers: version.headers() }, signal, deadline);
      const date = momentFrom(answer.headers.get('date'));
      if (date !== null) skew = date - clock.now();
      if (again || !version.learn(answer, asked)) return answer;
    }
  }

  function read(request: () => Ask, signal: AbortSignal): Promise<Answer> {
    const deadline = http.deadline();
    return retryingRead({ clock, random, deadline, signal }, async () => {
      const answer = await ask(request, signal, deadline);
      if (answer.status >= 500) throw errorFrom(answer);
      return answer;
    });
  }

  async function list(
    query: Record<string, string>,
    signal: AbortSignal,
    fields: Parameters<typeof fieldsOf>[0] = 'list',
  ) {
    const answer = await read(
      () => ({ method: 'GET', path: 'v1/nodes', query: { ...query, fields: fieldsOf(fields, version) } }),
      signal,
    );
    if (answer.status !== 200) throw errorFrom(answer);
    return readable(pageIn(answer), answer);
  }

  /** Sends a change. Resolves for any 2xx; rejects as the port documents. */
  async function change(request: Ask, signal: AbortSignal): Promise<Answer> {
    const answer = await ask(() => request, signal);
    if (answer.status < 200 || answer.status > 299) throw errorFrom(answer);
    return answer;
  }

  /** The request for one node, in the version in use. */
  const questionFor = (ref: string): Ask => ({
    method: 'GET',
    path: nodePath(ref),
    query: { fields: fieldsOf('one', version) },
    headers: version.headers(),
  });

  /** Changes the state or the power of a node, unless the last look at it forbids that. */
  async function setState(
    serverId: string,
    { of, json, lastLook }: { readonly of: 'provision' | 'power'; readonly json: object; readonly lastLook: LastLook },
    signal: AbortSignal,
  ): Promise<Sent> {
    let overtaken: Extract<Sent, { readonly kind: 'overtaken' }> | undefined;
    const before: Ask['before'] = async (delayed, exchange) => {
      if (!delayed && lastLook.at !== null && clock.now() - lastLook.at <= freshFor) return null;
      const answer = await exchange(questionFor(serverId));
      // If Ironic refuses the sign-in or the version, we renew it and start again.
      if (answer.status === 401 || answer.status === 406) return answer;
      const server = foundIn(serverId, answer);
      if (lastLook.permits(server)) return null;
      overtaken = { kind: 'overtaken', server };
      return answer;
    };
    const path = `${nodePath(serverId)}/states/${of}`;
    const answer = await ask(() => ({ method: 'PUT', path, json, before }), signal);
    if (overtaken) return overtaken;
    if (answer.status < 200 || answer.status > 299) throw errorFrom(answer);
    // A proxy's page may say 200. Only Ironic says 202.
    if (answer.status !== 202) throw unreadable(answer);
    return { kind: 'accepted' };
  }

  /** The node in an answer to `questionFor`; null if Ironic does not know it. */
  function foundIn(ref: string, answer: Answer): Server | null {
    if (answer.status === 200) return nodeIn(answer, ref);
    const error = errorFrom(answer);
    if (error instanceof Refused && error.refusal === 'not_found') return null;
    throw error;
  }

  return {
    async find(ref, signal) {
      if (!isServerRef(ref)) return null;
      return foundIn(ref, await read(() => questionFor(ref), signal));
    },

    async errors(serverId, signal) {
      if (!version.has('history')) return [];
      const path = `${nodePath(serverId)}/history`;
      const answer = await ask(() => ({ method: 'GET', path, query: { detail: 'true' } }), signal);
      if (answer.status !== 200) throw errorFrom(answer);
      return readable(errorsFrom(answer.body), answer);
    },

    async findByDeployment(deploymentId, signal) {
      const [server] = (await list({ instance_uuid: deploymentId }, signal, 'match')).servers;
      return server ? about((found) => found.deploymentId === deploymentId, server) : null;
    },

    listFree(filter, after, signal) {
      const limit = String(after === undefined ? firstFree : pageLimit);
      const free = { provision_state: freeState, associated: 'false', maintenance: 'false' };
      // Ironic's links to the next page drop the filters.
      return list({ ...free, ...queryOf(filter, after), limit }, signal);
    },

    listReservedOrDeploying(signal) {
      const query = { associated: 'true', limit: String(pageLimit) };
      return inStates(deployingStates, (state) => list({ provision_state: state, ...query }, signal));
    },

    listInDeployment(signal) {
      return inStates(movingStates, async (state) => {
        const query = { provision_state: state, limit: String(movingLimit) };
        const servers: Server[] = [];
        const load = (after: string | undefined) => list({ ...query, ...queryOf({}, after) }, signal, 'moving');
        for await (const page of pagesOf(load)) servers.push(...page.servers);
        return { servers };
      });
    },

    list: (filter, after, signal) => list({ ...queryOf(filter, after), limit: String(pageLimit) }, signal),

    async reserve(serverId, reservation, signal) {
      const json = reservingPatch(reservation);
      const answer = await change({ method: 'PATCH', path: nodePath(serverId), json }, signal);
      return nodeIn(answer, serverId);
    },

    deploy(serverId, { configDrive, lastLook }, signal) {
      const json = { target: 'active', ...(configDrive === undefined ? {} : { configdrive: configDrive }) };
      return setState(serverId, { of: 'provision', json, lastLook }, signal);
    },

    async release(serverId, reservation, signal) {
      const request: Ask = { method: 'PATCH', path: nodePath(serverId), json: releasingPatch(reservation) };
      const answer = await ask(() => request, signal);
      if (answer.status === 200) return void nodeIn(answer, serverId);
      const error = errorFrom(answer);
      // Our entry is gone: the server is free, or somebody else has it.
      if (error instanceof Refused && (error.refusal === 'not_found' || error.refusal === 'taken')) return;
      throw error;
    },

    undeploy: (serverId, lastLook, signal) =>
      setState(serverId, { of: 'provision', json: { target: 'deleted' }, lastLook }, signal),

    reboot(serverId, how, lastLook, signal) {
      const json = { target: how === 'hard' ? 'rebooting' : 'soft rebooting' };
      return setState(serverId, { of: 'power', json, lastLook }, signal);
    },

    async recordBoot(serverId, record, signal) {
      await change({ method: 'PATCH', path: nodePath(serverId), json: bootPatch(record) }, signal);
    },

    ...createVifs({ read, ask, nodePath }),

    now: () => clock.now() + (isOff() ? skew : Math.min(0, skew)),
    latest: () => clock.now() + (isOff() ? skew : Math.max(0, skew)),
    apiVersion: () => version.spoken(),
  };
}

/**
 * The path of a node. Encoding alone is not enough: a URL resolves dot segments, and Ironic treats an encoded slash as a
 * separator. Both could lead to another resource.
 */
function nodePath(ref: string): string {
  if (!isServerRef(ref)) throw new Refused('not_found', 'no server can have this name', 'us');
  return `v1/nodes/${encodeURIComponent(ref)}`;
}

function queryOf({ resourceClass, conductorGroup }: ServerFilter, after: string | undefined): Record<string, string> {
  return {
    ...(resourceClass === undefined ? {} : { resource_class: resourceClass }),
    ...(conductorGroup === undefined ? {} : { conductor_group: conductorGroup }),
    ...(after === undefined ? {} : { marker: after }),
  };
}

/** Servers in any of these states. Ironic lists one state at a time, and refuses a state that it does not know. */
async function inStates(
  states: readonly string[],
  load: (state: string) => Promise<Pick<ServerPage, 'servers'>>,
): Promise<Server[]> {
  const pages = await Promise.allSettled(states.map(load));
  const errors: unknown[] = pages.flatMap((page) => (page.status === 'rejected' ? [page.reason] : []));
  const other = errors.find((error) => !(error instanceof Refused && error.refusal === 'invalid'));
  // The requests differ only in the state. If Ironic refuses all of them, the state is not the cause.
  if (other !== undefined || errors.length === states.length) throw other ?? errors[0];
  return pages.flatMap((page) => (page.status === 'fulfilled' ? page.value.servers : []));
}

function pageIn({ body, project }: Answer): ServerPage | undefined {
  const page = Nodes.safeParse(body).data;
  const servers = page?.nodes.map((node) => serverFrom(node, project));
  if (!servers?.every((server) => server !== undefined)) return undefined;
  return { servers, next: page?.next ? (servers.at(-1)?.id ?? null) : null };
}

/** The node in an answer, which must be the one that we asked for. */
function nodeIn(answer: Answer, ref: string): Server {
  return about((server) => isNamed(server, ref), readable(serverFrom(answer.body, answer.project), answer));
}

/** Checks that this is the server that we asked for: a proxy or a broken Ironic may return another one. */
function about(isMeant: (server: Server) => boolean, server: Server): Server {
  if (!isMeant(server)) throw new NoAnswer("Ironic's answer is about another server", true);
  return server;
}

/** Whether this is the server's UUID or name. Some databases ignore the case of names. */
function isNamed({ id, name }: Server, ref: string): boolean {
  return [id, name].some((each) => each?.toLowerCase() === ref.toLowerCase());
}
