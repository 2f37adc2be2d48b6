import type { CloudObserver } from '../../compose.js';
import type { CallerCloud, Config, Rules } from '../../config/config.js';
import { Failure } from '../../core/failures.js';
import type { Core } from '../../core/operation.js';
import { NoAnswer } from '../../core/ports.js';
import type { Entry, SignIn } from '../../http/app.js';
import type { InFlight } from '../../http/in-flight.js';
import { systemClock } from '../../local/clock.js';
import { composedLater } from '../serving.js';
import { createCallers } from './callers.js';
import { createTokenSignIn } from './token.js';

/** How requests over HTTP come to a core. */
export interface Entrance {
  readonly signIn: SignIn;
  /** The core that all callers share; undefined if each has its own. */
  readonly core?: Entry;
  /** Resolves if the cloud answers; rejects with a failure otherwise. */
  ready(signal: AbortSignal): Promise<void>;
  /** Resolves when no change is in progress, or after `atMost` milliseconds. */
  settled(atMost: number): Promise<void>;
}

interface EntranceOptions {
  /** Tells the operator what the caller is not told. */
  readonly warn: (message: string) => void;
  readonly observer?: CloudObserver;
}

/** All callers share the account in the settings. */
export function entranceForAll(config: Config, token: string | undefined, options: EntranceOptions): Entrance {
  const { composed: core, settled } = composedLater(async () => {
    const { composeCore } = await import('../../compose.js');
    return composeCore(config, options);
  });
  return {
    signIn: createTokenSignIn(token, core),
    core,
    ready: async (signal) => ironicAnswers(await core(), signal),
    settled,
  };
}

interface CallerOptions extends EntranceOptions {
  readonly inFlight: InFlight;
  readonly behindTls: boolean;
}

/** Each caller has an account of its own. */
export function entranceForCallers(
  config: Rules & { readonly cloud: CallerCloud },
  { inFlight, behindTls, ...options }: CallerOptions,
): Entrance {
  const { composed, settled } = composedLater(async () => {
    const { composeCallers } = await import('../../compose.js');
    return composeCallers(config, options);
  });
  const signIn = createCallers({
    signIn: async (credential, onRefused) => (await composed()).signIn(credential, onRefused),
    isBusy: (core) => inFlight.isRunning(core) || core.changes.underWay > 0,
    behindTls,
    patience: config.requestTimeout,
    clock: systemClock,
    warn: options.warn,
  });
  const ready = async (signal: AbortSignal) => {
    const { keystoneAnswers } = await composed();
    await keystoneAnswers(signal).catch((error: unknown) => {
      throw error instanceof NoAnswer ? new Failure('ironic_unavailable', { reason: error.reason }) : error;
    });
  };
  return { signIn, ready, settled };
}

/** Resolves if Ironic answers at all. No server has this id. */
async function ironicAnswers({ status }: Core, signal: AbortSignal): Promise<void> {
  try {
    await status.status({ operation_id: '00000000-0000-0000-0000-000000000000', wait_seconds: 0 }, signal);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'server_not_found') throw error;
  }
}
