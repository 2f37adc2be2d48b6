import { AsyncResource } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { unlessAborted, withFirstAbort } from '../../core/async/abort.js';
import { peerOf } from '../../core/boot/allowance.js';
import { credentialRefused } from '../../core/caller-failures.js';
import { Failure } from '../../core/failures.js';
import { unmapped } from '../../core/networks/ip.js';
import type { Core } from '../../core/operation.js';
import { type Clock, CredentialRefused, NoAnswer, SignInRefused } from '../../core/ports.js';
import type { SignIn } from '../../http/app.js';
import type { Credential } from '../../openstack/credentials.js';
import { credentialIn, forwardedFor } from './credential.js';
import { createRefusals } from './refusals.js';

/** Milliseconds after which an unused core is dropped, and how often we look. */
const idle = 15 * 60_000;
const sweeping = 60_000;

/** The most cores, and the most first sign-ins that wait. */
const limits = { cores: 256, waiting: 256 };

export interface CallersOptions {
  /**
   * Signs in, and composes a core for this credential.
   * @param onRefused Called when Keystone no longer accepts the credential.
   * @throws NoAnswer
   */
  readonly signIn: (credential: Credential, onRefused: () => void) => Promise<Core>;
  /** Whether a core must be kept: it runs a call or a change. */
  readonly isBusy: (core: Core) => boolean;
  /** Whether a proxy in front names the client. */
  readonly behindTls: boolean;
  /** Milliseconds that a caller waits for its first sign-in. */
  readonly patience: number;
  readonly clock: Clock;
  /** Tells the operator why nobody can sign in. */
  readonly warn: (message: string) => void;
}

/** A first sign-in that waits for its turn, or is under way. */
interface FirstSignIn {
  readonly address: string;
  /** Begins it, in the trace of the request that came first. */
  readonly begin: () => Promise<Core>;
  readonly end: (core: Promise<Core>) => void;
  readonly result: Promise<Core>;
  /** How many requests wait for it. */
  callers: number;
  begun: boolean;
}

/**
 * Each caller signs in with an application credential of its own, and gets a core of its own. What a core keeps between
 * calls is therefore seen with one credential only.
 */
export function createCallers({ signIn, isBusy, behindTls, patience, clock, warn }: CallersOptions) {
  /** By the digest of the credential, the least recently used first. */
  const cores = new Map<string, { readonly core: Core; usedAt: number }>();
  const refusals = createRefusals(clock);
  /** By the digest, in order of their turns. Only the first one is under way: Keystone's answers cost it much work. */
  const line = new Map<string, FirstSignIn>();
  let working = false;
  let sweeps = false;

  function use(key: string): Core | undefined {
    const held = cores.get(key);
    if (!held) return undefined;
    cores.delete(key);
    cores.set(key, { core: held.core, usedAt: clock.now() });
    return held.core;
  }

  /** Waits in line for a first sign-in. Requests with the same credential share one. */
  function queued(key: string, credential: Credential, address: string): FirstSignIn {
    const waiting = line.get(key);
    if (waiting) return waiting;
    const ofAddress = [...line.values()].filter((each) => each.address === address).length;
    if (refusals.isLimited(address, ofAddress)) {
      throw new Failure('overloaded', {
        reason: 'too many sign-ins from this address have failed, or have not ended',
        hint: 'Try again in a minute.',
        retryAfter: 60,
      });
    }
    if (line.size >= limits.waiting) {
      throw new Failure('overloaded', { reason: `${line.size} callers are waiting for their first sign-in` });
    }
    let end: FirstSignIn['end'] = () => undefined;
    const result = new Promise<Core>((resolve) => {
      end = resolve;
    });
    // All callers may have left.
    result.catch(() => undefined);
    const begin = AsyncResource.bind(() => open(key, credential, address));
    const first = { address, begin, end, result, callers: 0, begun: false };
    line.set(key, first);
    if (!working) void work();
    return first;
  }

  async function work(): Promise<void> {
    working = true;
    for (;;) {
      const [next] = line;
      if (!next) break;
      const [key, first] = next;
      first.begun = true;
      const core = first.begin();
      first.end(core);
      await core.catch(() => undefined);
      line.delete(key);
      // All other addresses have a turn before this one has its next.
      for (const [other, each] of [...line]) {
        if (each.address === first.address && line.delete(other)) line.set(other, each);
      }
    }
    working = false;
  }

  async function open(key: string, credential: Credential, address: string): Promise<Core> {
    sweep();
    // With all cores busy, even the right credential would be of no use.
    if (leastUsed() === null) throw full();
    let core: Core | undefined;
    const forget = () => {
      // A core that was dropped may have a successor.
      if (cores.get(key)?.core !== core) return;
      cores.delete(key);
      refusals.note(key, credentialRefused(undefined));
    };
    core = await signIn(credential, forget).catch((error: unknown) => {
      if (error instanceof SignInRefused) {
        const failure = error instanceof CredentialRefused ? credentialRefused(error) : otherwiseRefused(error);
        refusals.note(key, failure, address);
        if (failure.code !== 'unauthorized') warn(`A caller from ${address} cannot sign in: ${error.words}.`);
        throw failure;
      }
      if (!(error instanceof NoAnswer)) throw error;
      warn(`Nobody new can sign in: ${error.words}.`);
      // The caller is not known, so it is not told where Keystone is.
      throw new Failure('ironic_unavailable', { reason: 'Keystone does not answer as it should', cause: error });
    });
    const dropped = leastUsed();
    if (dropped === null) throw full();
    if (dropped !== undefined) cores.delete(dropped);
    cores.set(key, { core, usedAt: clock.now() });
    if (!sweeps) void sweepNowAndThen();
    return core;
  }

  /** The core to drop for a new one: undefined if there is room, null if all are busy. */
  function leastUsed(): string | null | undefined {
    if (cores.size < limits.cores) return undefined;
    for (const [key, { core }] of cores) if (!isBusy(core)) return key;
    return null;
  }

  function sweep(): void {
    for (const [key, held] of cores) {
      if (isBusy(held.core)) held.usedAt = clock.now();
      else if (clock.now() - held.usedAt >= idle) cores.delete(key);
    }
  }

  async function sweepNowAndThen(): Promise<void> {
    sweeps = true;
    while (cores.size > 0) {
      await clock.sleep(sweeping, new AbortController().signal);
      sweep();
    }
    sweeps = false;
  }

  async function coreOf(credential: Credential, address: string, signal: AbortSignal): Promise<Core> {
    const key = digestOf(credential);
    const known = use(key);
    if (known) return known;
    const refused = refusals.failureOf(key);
    if (refused) throw refused;
    const first = queued(key, credential, address);
    first.callers += 1;
    try {
      return await withFirstAbort([signal, AbortSignal.timeout(patience)], (either) =>
        unlessAborted(first.result, either),
      );
    } catch (error) {
      if (signal.aborted || !(error instanceof DOMException)) throw error;
      if (first.begun) throw new Failure('ironic_unavailable', { reason: 'Keystone does not answer in time' });
      throw new Failure('overloaded', { reason: 'the first sign-ins of other callers take too long' });
    } finally {
      first.callers -= 1;
      if (first.callers === 0 && !first.begun && line.get(key) === first) line.delete(key);
    }
  }

  /** The address of the caller; undefined if the proxy in front does not name it. */
  const addressOf = ({ headers }: Request, client = '') => (behindTls ? forwardedFor(headers) : client);

  const callers: SignIn = {
    clientOf: addressOf,
    challenge: 'Basic realm="ironic-mcp", charset="UTF-8"',
    async admit(request, client) {
      const address = addressOf(request, client);
      // Through such a proxy, anybody could read the metrics, and all callers would count as one.
      if (address === undefined) throw ofSilentProxy();
      const core = await coreOf(credentialIn(request.headers), peerOf(address), request.signal);
      return async () => core;
    },
    admitMonitor({ headers }, client = '') {
      // A proxy on this machine connects from here as well, but it says whom it serves.
      const isProxied = ['x-forwarded-for', 'forwarded'].some((name) => headers.has(name));
      if (isOfThisMachine(client) && !isProxied) return;
      throw new Failure('not_permitted', {
        reason: 'if each caller signs in, only this machine may read the metrics',
        hint: 'Scrape them on the machine of this server, without the proxy.',
      });
    },
  };
  return {
    ...callers,
    /** How much is held. */
    held: () => ({ cores: cores.size, waiting: line.size, ...refusals.held() }),
  };
}

function isOfThisMachine(address: string): boolean {
  return /^127\.|^::1$/.test(unmapped(address));
}

function ofSilentProxy(): Failure {
  return new Failure('not_permitted', {
    reason: 'the proxy in front of this server does not say whom it serves',
    hint: 'Ask the operator to let the proxy set X-Forwarded-For.',
  });
}

/** Keystone refuses a sign-in, and does not say that the credential is wrong. Only the operator is told what it says. */
function otherwiseRefused(cause: SignInRefused): Failure {
  return new Failure('ironic_unavailable', {
    reason: 'Keystone refuses to sign this caller in, and does not say that the credential is wrong',
    hint: 'Ask the operator: the log of this MCP server says how Keystone answered.',
    retryable: false,
    cause,
  });
}

function full(): Failure {
  return new Failure('overloaded', { reason: `all of the ${limits.cores} callers who are signed in are busy` });
}

/** The digest stands for the secret, which nothing but the session keeps. No id has a colon. */
function digestOf({ id, secret }: Credential): string {
  return createHash('sha256').update(`${id}:${secret}`).digest('base64');
}
