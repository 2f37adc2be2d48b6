import * as z from 'zod';
import { type Retrying, retryingRead } from '../core/async/retry.js';
import { type BareMetal, NoAnswer, type Refusal, Refused, type ServerFilter, type ServerPage } from '../core/ports.js';
import type { Server } from '../core/server.js';
import { isServerRef, isUuid, uuidPattern } from '../core/text/identifiers.js';
import { doubtOf, faultIn, isFromElsewhere, saidIn } from './fault.js';
import type { Answer, Ask, Http } from './http.js';
import { momentFrom } from './moment.js';
import { errorsFrom, fieldsOf, releasingPatch, reservingPatch, serverFrom } from './node.js';
import { createVersion } from './versions.js';

const Vifs = z.looseObject({ vifs: z.array(z.looseObject({ id: z.string().regex(uuidPattern) })) });
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

/** The states in which a deployment moves on, and how many of each are read at once, with all that is known of them. */
const movingStates = ['deploying', 'wait call-back'];
const mostMoving = 200;

/** Where servers are that somebody has and that do not run yet. Ironic takes one state at a time. */
const deployingStates = ['available', 'deploying', 'wait call-back', 'deploy hold'];

/** Bare metal as Ironic offers it, with what only an operator wants to know. */
export interface Ironic extends BareMetal {
  /** The version of Ironic's API that is spoken, as of its latest answer. */
  apiVersion(): string;
}

/** Bare metal by Ironic's REST API ("Bare Metal API Reference", nodes). Repeats reads, never changes. */
export function createIronic({ http, clock, random }: IronicOptions): Ironic {
  const version = createVersion();
  let skew = 0;

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
    return retryingRead({ clock, random }, deadline, signal, async () => {
      const answer = await ask(request, signal, deadline);
      if (answer.status >= 500) throw errorFrom(answer);
      return answer;
    });
  }

  async function list(query: Readonly<Record<string, string>>, signal: AbortSignal): Promise<ServerPage> {
    const answer = await read(
      () => ({ method: 'GET', path: 'v1/nodes', query: { ...query, fields: fieldsOf('list', version) } }),
      signal,
    );
    if (answer.status !== 200) throw errorFrom(answer);
    return readable(pageIn(answer.body), answer);
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

  async function setState(serverId: string, json: object, signal: AbortSignal): Promise<void> {
    const answer = await change({ method: 'PUT', path: `${nodePath(serverId)}/states/provision`, json }, signal);
    // A page of something on the way says 200; only Ironic says that it has accepted this.
    if (answer.status !== 202) throw unreadable(answer);
  }

  return {
    async find(ref, signal) {
      if (!isServerRef(ref)) return null;
      const path = nodePath(ref);
      const answer = await read(() => ({ method: 'GET', path, query: { fields: fieldsOf('one', version) } }), signal);
      if (answer.status === 200) {
        return about((server) => isNamed(server, ref), readable(serverFrom(answer.body), answer));
      }
      const error = errorFrom(answer);
      if (error instanceof Refused && error.refusal === 'not_found') return null;
      throw error;
    },

    async errors(serverId, signal) {
      if (!version.has('history')) return [];
      const path = `${nodePath(serverId)}/history`;
      const answer = await ask(() => ({ method: 'GET', path, query: { detail: 'true' } }), signal);
      if (answer.status !== 200) throw errorFrom(answer);
      return readable(errorsFrom(answer.body), answer);
    },

    async findByDeployment(deploymentId, signal) {
      const query = () => ({ instance_uuid: deploymentId, fields: fieldsOf('match', version) });
      const answer = await read(() => ({ method: 'GET', path: 'v1/nodes', query: query() }), signal);
      if (answer.status !== 200) throw errorFrom(answer);
      const [server] = readable(pageIn(answer.body), answer).servers;
      return server ? about((found) => found.deploymentId === deploymentId, server) : null;
    },

    listFree(filter, after, signal) {
      const limit = String(after === undefined ? firstFree : pageLimit);
      const free = { provision_state: 'available', associated: 'false', maintenance: 'false' };
      // Ironic's own links to the next page drop the filters.
      return list({ ...free, ...queryOf(filter, after), limit }, signal);
    },

    async listReservedOrDeploying(signal) {
      const each = deployingStates.map(async (state) => {
        const query = { provision_state: state, associated: 'true', limit: String(pageLimit) };
        try {
          return (await list(query, signal)).servers;
        } catch (error) {
          // Ironic has it since API 1.85; an older one has no server in it.
          if (state === 'deploy hold' && error instanceof Refused && error.refusal === 'invalid') return [];
          throw error;
        }
      });
      return (await Promise.all(each)).flat();
    },

    async listInDeployment(signal) {
      const each = movingStates.map(async (state) => {
        const query = () => ({ provision_state: state, limit: String(mostMoving), fields: fieldsOf('match', version) });
        const answer = await read(() => ({ method: 'GET', path: 'v1/nodes', query: query() }), signal);
        if (answer.status !== 200) throw errorFrom(answer);
        return readable(pageIn(answer.body), answer).servers;
      });
      return (await Promise.all(each)).flat();
    },

    list: (filter, after, signal) => list({ ...queryOf(filter, after), limit: String(pageLimit) }, signal),

    async reserve(serverId, reservation, signal) {
      const json = reservingPatch(reservation);
      const answer = await change({ method: 'PATCH', path: nodePath(serverId), json }, signal);
      return about((server) => isNamed(server, serverId), readable(serverFrom(answer.body), answer));
    },

    async deploy(serverId, configDrive, signal) {
      const json = { target: 'active', ...(configDrive === undefined ? {} : { configdrive: configDrive }) };
      await setState(serverId, json, signal);
    },

    async release(serverId, reservation, signal) {
      const request: Ask = { method: 'PATCH', path: nodePath(serverId), json: releasingPatch(reservation) };
      const answer = await ask(() => request, signal);
      if (answer.status === 200) return void readable(serverFrom(answer.body), answer);
      // Our entry is not there: somebody else has the server by now, or nobody.
      if (answer.status === 400 && /couldn't apply patch/i.test(faultIn(answer).words)) return;
      const error = errorFrom(answer);
      if (error instanceof Refused && error.refusal === 'not_found') return;
      throw error;
    },

    undeploy: (serverId, signal) => setState(serverId, { target: 'deleted' }, signal),

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
      const answer = await ask(() => ({ method: 'DELETE', path: vifPath(serverId, vif) }), signal);
      if (answer.status === 204 || !(await vifs(serverId, signal)).includes(vif)) return;
      throw errorFrom(answer);
    },

    now: () => clock.now() + skew,
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

function vifPath(serverId: string, vif: string): string {
  if (!isUuid(vif)) throw new Refused('invalid', 'this cannot be the id of a port', 'us');
  return `${nodePath(serverId)}/vifs/${vif}`;
}

function queryOf({ resourceClass, conductorGroup }: ServerFilter, after: string | undefined): Record<string, string> {
  return {
    ...(resourceClass === undefined ? {} : { resource_class: resourceClass }),
    ...(conductorGroup === undefined ? {} : { conductor_group: conductorGroup }),
    ...(after === undefined ? {} : { marker: after }),
  };
}

function pageIn(body: unknown): ServerPage | undefined {
  const page = Nodes.safeParse(body).data;
  const servers = page?.nodes.map(serverFrom);
  if (!servers?.every((server) => server !== undefined)) return undefined;
  return { servers, next: page?.next ? (servers.at(-1)?.id ?? null) : null };
}

function readable<Value>(value: Value | undefined, answer: Answer): Value {
  if (value === undefined) throw unreadable(answer);
  return value;
}

/** The server, if it is the one that was asked for: something on the way, or an Ironic gone wrong, may tell of another. */
function about(isMeant: (server: Server) => boolean, server: Server): Server {
  if (!isMeant(server)) throw new NoAnswer("Ironic's answer is about another server", true);
  return server;
}

/** Whether that is the UUID or the name of the server. Some databases compare names without regard to case. */
function isNamed({ id, name }: Server, ref: string): boolean {
  return [id, name].some((each) => each?.toLowerCase() === ref.toLowerCase());
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
