import * as z from 'zod';
import { type Retrying, retryingRead } from '../core/async/retry.js';
import {
  type BareMetal,
  type LastLook,
  NoAnswer,
  type Refusal,
  Refused,
  type Sent,
  type ServerFilter,
  type ServerPage,
} from '../core/ports.js';
import type { Server } from '../core/server.js';
import { deployingStates, freeState, movingStates } from '../core/states.js';
import { isServerRef } from '../core/text/identifiers.js';
import { doubtOf, faultIn, isFromElsewhere, saidIn } from './fault.js';
import type { Answer, Ask, Http } from './http.js';
import { momentFrom } from './moment.js';
import { errorsFrom, fieldsOf, releasingPatch, reservingPatch, serverFrom } from './node.js';
import { createVersion } from './versions.js';

const Vifs = z.looseObject({ vifs: z.array(z.looseObject({ id: z.string() })) });
const Nodes = z.looseObject({ nodes: z.array(z.unknown()), next: z.string().nullish().catch(null) });
const Ports = z.looseObject({ ports: z.array(z.looseObject({ address: z.string() })) });

export interface IronicOptions extends Retrying {
  readonly http: Http;
}

/**
 * Ironic sorts by id, so a short list of free servers would send everybody to the same few; and each server in a long one
 * is read in vain by all but one of those who ask (0.35 ms of Ironic's time, measured on 21.4).
 */
const firstFree = 80;

/** As many as Ironic gives at once, unless its operator has set less. */
const pageLimit = 1_000;

/** So many servers of each state are read at once with all that is known of them. */
const mostMoving = 200;

/** Our clock is plainly wrong if it differs more from Ironic's, in milliseconds. */
const plainlyWrong = 6 * 60_000;

/** So long, in milliseconds, counts what was last seen of a server. */
const freshFor = 1_000;

/** Bare metal as Ironic offers it, with what only an operator wants to know. */
export interface Ironic extends BareMetal {
  /** The version of Ironic's API that is spoken, as of its latest answer. */
  apiVersion(): string;
}

/** Bare metal by Ironic's REST API ("Bare Metal API Reference", nodes). Repeats reads, never changes. */
export function createIronic({ http, clock, random }: IronicOptions): Ironic {
  const version = createVersion();
  /** By how much the clock of the copy of Ironic that answered last is ahead of ours. */
  let skew = 0;
  const isOff = () => Math.abs(skew) > plainlyWrong;

  async function ask(request: () => Ask, signal: AbortSignal, deadline?: AbortSignal): Promise<Answer> {
    for (let again = false; ; again = true) {
      const asked = version.spoken();
      // Made anew each time: which fields there are depends on the version.
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

  async function list(query: Record<string, string>, signal: AbortSignal, fields: 'list' | 'match' = 'list') {
    const answer = await read(
      () => ({ method: 'GET', path: 'v1/nodes', query: { ...query, fields: fieldsOf(fields, version) } }),
      signal,
    );
    if (answer.status !== 200) throw errorFrom(answer);
    return readable(pageIn(answer), answer);
  }

  async function vifs(serverId: string, signal: AbortSignal): Promise<readonly string[]> {
    const answer = await read(() => ({ method: 'GET', path: `${nodePath(serverId)}/vifs` }), signal);
    if (answer.status !== 200) throw errorFrom(answer);
    return readable(Vifs.safeParse(answer.body).data, answer).vifs.map(({ id }) => id);
  }

  /** Sends a change. Resolves for any 2xx; rejects as the port says. */
  async function change(request: Ask, signal: AbortSignal): Promise<Answer> {
    const answer = await ask(() => request, signal);
    if (answer.status < 200 || answer.status > 299) throw errorFrom(answer);
    return answer;
  }

  /** The question for one node, as it is asked of the version that is spoken. */
  const questionFor = (ref: string): Ask => ({
    method: 'GET',
    path: nodePath(ref),
    query: { fields: fieldsOf('one', version) },
    headers: version.headers(),
  });

  /** Has Ironic move a node to another state, unless the last look at it shows that it must not. */
  async function setState(
    serverId: string,
    { json, lastLook }: { readonly json: object; readonly lastLook: LastLook },
    signal: AbortSignal,
  ): Promise<Sent> {
    let overtaken: Extract<Sent, { readonly kind: 'overtaken' }> | undefined;
    const before: Ask['before'] = async (delayed, exchange) => {
      if (!delayed && lastLook.at !== null && clock.now() - lastLook.at <= freshFor) return null;
      const answer = await exchange(questionFor(serverId));
      // A sign-in or a version that is refused is renewed, and the whole is asked again.
      if (answer.status === 401 || answer.status === 406) return answer;
      const server = foundIn(answer);
      if (lastLook.permits(server)) return null;
      overtaken = { kind: 'overtaken', server };
      return answer;
    };
    const path = `${nodePath(serverId)}/states/provision`;
    const answer = await ask(() => ({ method: 'PUT', path, json, before }), signal);
    if (overtaken) return overtaken;
    if (answer.status < 200 || answer.status > 299) throw errorFrom(answer);
    // A page of something on the way says 200; only Ironic says that it has accepted this.
    if (answer.status !== 202) throw unreadable(answer);
    return { kind: 'accepted' };
  }

  /** The node in an answer to `questionFor`; null where Ironic does not know it. */
  function foundIn(answer: Answer): Server | null {
    if (answer.status === 200) return readable(serverFrom(answer.body, answer.project), answer);
    const error = errorFrom(answer);
    if (error instanceof Refused && error.refusal === 'not_found') return null;
    throw error;
  }

  return {
    async find(ref, signal) {
      if (!isServerRef(ref)) return null;
      return foundIn(await read(() => questionFor(ref), signal));
    },

    async errors(serverId, signal) {
      if (!version.has('history')) return [];
      const path = `${nodePath(serverId)}/history`;
      const answer = await ask(() => ({ method: 'GET', path, query: { detail: 'true' } }), signal);
      if (answer.status !== 200) throw errorFrom(answer);
      return readable(errorsFrom(answer.body), answer);
    },

    async findByDeployment(deploymentId, signal) {
      return (await list({ instance_uuid: deploymentId }, signal, 'match')).servers[0] ?? null;
    },

    listFree(filter, after, signal) {
      const limit = String(after === undefined ? firstFree : pageLimit);
      const free = { provision_state: freeState, associated: 'false', maintenance: 'false' };
      // Ironic's own links to the next page drop the filters.
      return list({ ...free, ...queryOf(filter, after), limit }, signal);
    },

    listReservedOrDeploying(signal) {
      const query = { associated: 'true', limit: String(pageLimit) };
      return inStates(deployingStates, (state) => list({ provision_state: state, ...query }, signal));
    },

    listInDeployment(signal) {
      const query = { limit: String(mostMoving) };
      return inStates(movingStates, (state) => list({ provision_state: state, ...query }, signal, 'match'));
    },

    list: (filter, after, signal) => list({ ...queryOf(filter, after), limit: String(pageLimit) }, signal),

    async reserve(serverId, reservation, signal) {
      const json = reservingPatch(reservation);
      const answer = await change({ method: 'PATCH', path: nodePath(serverId), json }, signal);
      return readable(serverFrom(answer.body, answer.project), answer);
    },

    deploy(serverId, { configDrive, lastLook }, signal) {
      const json = { target: 'active', ...(configDrive === undefined ? {} : { configdrive: configDrive }) };
      return setState(serverId, { json, lastLook }, signal);
    },

    async release(serverId, reservation, signal) {
      const request: Ask = { method: 'PATCH', path: nodePath(serverId), json: releasingPatch(reservation) };
      const answer = await ask(() => request, signal);
      if (answer.status === 200) return void readable(serverFrom(answer.body, answer.project), answer);
      // Our entry is not there: somebody else has the server by now, or nobody.
      if (answer.status === 400 && /couldn't apply patch/i.test(faultIn(answer).words)) return;
      const error = errorFrom(answer);
      if (error instanceof Refused && error.refusal === 'not_found') return;
      throw error;
    },

    undeploy: (serverId, lastLook, signal) => setState(serverId, { json: { target: 'deleted' }, lastLook }, signal),

    vifs,

    async macAddresses(serverId, signal) {
      const query = { node: serverId, fields: 'address' };
      const answer = await read(() => ({ method: 'GET', path: 'v1/ports', query }), signal);
      if (answer.status !== 200) throw errorFrom(answer);
      return readable(Ports.safeParse(answer.body).data, answer).ports.map(({ address }) => address.toLowerCase());
    },

    async attach(serverId, vif, signal) {
      const answer = await ask(
        () => ({ method: 'POST', path: `${nodePath(serverId)}/vifs`, json: { id: vif } }),
        signal,
      );
      if (answer.status === 204) return;
      const error = errorFrom(answer);
      // Ironic notes a port before it binds it, and the note stays where Neutron says no.
      if (error instanceof Refused && error.refusal === 'invalid') throw error;
      const attached = await vifs(serverId, signal).catch((reason: unknown) => {
        // What a read did not hear says nothing about the change.
        throw error instanceof NoAnswer ? error : reason;
      });
      if (!attached.includes(vif)) throw error;
    },

    async detach(serverId, vif, signal) {
      const answer = await ask(() => ({ method: 'DELETE', path: `${nodePath(serverId)}/vifs/${vif}` }), signal);
      if (answer.status === 204 || !(await vifs(serverId, signal)).includes(vif)) return;
      throw errorFrom(answer);
    },

    now: () => clock.now() + (isOff() ? skew : Math.min(0, skew)),
    latest: () => clock.now() + (isOff() ? skew : Math.max(0, skew)),
    apiVersion: () => version.spoken(),
  };
}

/**
 * The path of a node. Encoding alone is not enough: a URL resolves dot segments, and Ironic takes an encoded slash for
 * a path separator, so that either could name another resource.
 */
function nodePath(ref: string): string {
  if (!isServerRef(ref)) throw new Refused('not_found', 'this cannot be the name of a server', 'us');
  return `v1/nodes/${encodeURIComponent(ref)}`;
}

function queryOf({ resourceClass, conductorGroup }: ServerFilter, after: string | undefined): Record<string, string> {
  return {
    ...(resourceClass === undefined ? {} : { resource_class: resourceClass }),
    ...(conductorGroup === undefined ? {} : { conductor_group: conductorGroup }),
    ...(after === undefined ? {} : { marker: after }),
  };
}

/** Servers in any of some states. Ironic lists one state at a time, and refuses a state that is newer than itself. */
async function inStates(states: readonly string[], load: (state: string) => Promise<ServerPage>): Promise<Server[]> {
  const pages = await Promise.allSettled(states.map(load));
  const errors: unknown[] = pages.flatMap((page) => (page.status === 'rejected' ? [page.reason] : []));
  const other = errors.find((error) => !(error instanceof Refused && error.refusal === 'invalid'));
  // The requests differ only in the state: if Ironic refuses all of them, it refuses something else.
  if (other !== undefined || errors.length === states.length) throw other ?? errors[0];
  return pages.flatMap((page) => (page.status === 'fulfilled' ? page.value.servers : []));
}

function pageIn({ body, project }: Answer): ServerPage | undefined {
  const page = Nodes.safeParse(body).data;
  const servers = page?.nodes.map((node) => serverFrom(node, project));
  if (!servers?.every((server) => server !== undefined)) return undefined;
  return { servers, next: page?.next ? (servers.at(-1)?.id ?? null) : null };
}

function readable<Value>(value: Value | undefined, answer: Answer): Value {
  if (value === undefined) throw unreadable(answer);
  return value;
}

function unreadable(answer: Answer): NoAnswer {
  const doubt = doubtOf('an Ironic', answer);
  return new NoAnswer(`Ironic's answer cannot be read (HTTP status ${answer.status})${doubt}`, true);
}

/**
 * Texts by which Ironic's refusals of one status are told apart; the first match counts. Null is no refusal: Ironic was
 * not told what it needs to know, before it had done anything.
 */
const refusals: readonly (readonly [status: number, words: RegExp, refusal: Refusal | null])[] = [
  [409, /is locked by host/i, 'locked'],
  [409, /already associated with a node/i, 'elsewhere'],
  [409, /associated with/i, 'taken'],
  [409, /./, 'wrong_state'],
  [404, /no valid host/i, 'busy'],
  // A path that Ironic does not have says only "Not Found": then this is no Ironic, or not its endpoint.
  [404, /not be found|was not found/i, 'not_found'],
  [400, /no valid host/i, 'busy'],
  [400, /can not be performed on node|in maintenance mode/i, 'wrong_state'],
  [400, /./, 'invalid'],
  [413, /./, 'invalid'],
  [403, /./, 'forbidden'],
  [406, /./, 'too_old'],
  // Ironic says so of an image_source that is neither a UUID nor a URL.
  [500, /validation of image href/i, 'invalid'],
  // What Neutron refuses, or is not set up for; and what it does not tell.
  [500, /can not update neutron port|inconsistent physical networks/i, 'invalid'],
  [500, /(the|retrieve|profile for) neutron port .*(was not found|error:)|could not seed network/i, 'invalid'],
  [500, /could not retrieve (neutron (port|subnet|segment)|network):/i, null],
  [503, /free conductor workers|temporarily unavailable/i, 'busy'],
];

const tooLarge =
  'something on the way to Ironic, as a rule a proxy, lets no request of this size through (HTTP status 413): shorten the config drive, or have the operator raise that limit';

/** What an error answer of Ironic means. */
function errorFrom(answer: Answer): Refused | NoAnswer {
  const { words, genuine } = faultIn(answer);
  const [, , refusal] = (genuine && refusals.find(([code, text]) => code === answer.status && text.test(words))) || [];
  if (refusal) return new Refused(refusal, words);
  const { status } = answer;
  // Whoever finds a request too large has not passed it on.
  if (status === 413) return new Refused('invalid', tooLarge, 'us');
  const doubt = isFromElsewhere(answer) ? doubtOf('an Ironic', answer) : '';
  const mayHaveTakenEffect = refusal === undefined;
  return new NoAnswer(`Ironic answered with HTTP status ${status}: ${saidIn(answer)}${doubt}`, mayHaveTakenEffect);
}
