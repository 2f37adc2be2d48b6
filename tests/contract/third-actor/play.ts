import { Failure } from '../../../src/core/failures.js';
import type { DeprovisionResponse, ProvisionResponse } from '../../../src/core/requests.js';
import { createFaultScript } from '../../support/faults/fault-table.js';
import { createFaultyFetch } from '../../support/faults/faulty-fetch.js';
import type { Action } from './actions.js';
import { type ActorGround, createProgram, type Node } from './actor-lab.js';
import { type Bystander, createBystander } from './bystander.js';
import { createJournal, type Journal, nodeNow, nodesNow } from './journal.js';
import type { Call, Way } from './ways.js';

/** How a call ended. */
export type Ending = { readonly response: ProvisionResponse | DeprovisionResponse } | { readonly failure: Failure };

export async function endingOf(call: Promise<ProvisionResponse | DeprovisionResponse>): Promise<Ending> {
  try {
    return { response: await call };
  } catch (failure) {
    if (failure instanceof Failure) return { failure };
    throw failure;
  }
}

export function wordsOf(ending: Ending): string {
  if ('response' in ending) return `${ending.response.status}: ${ending.response.message}`;
  const { code, reason, hint } = ending.failure;
  return `${code}: ${reason} (${hint})`;
}

/** What somebody else does, and between which two requests of ours. */
export interface Between {
  /** The action comes right before this request, from 1. */
  readonly gap: number;
  readonly action: Action;
  /** Which of the nodes of the class the undisturbed call was about, in Ironic's order. */
  readonly target: number;
}

/** A call that was made, and everything that is known of it. */
export interface Played {
  readonly way: Way;
  readonly ground: ActorGround;
  readonly call: Call;
  readonly between: Between | undefined;
  readonly bystander: Bystander;
  readonly journal: Journal;
  /** The target as it was before the call, where it names one. */
  readonly before: Node | null;
  readonly ending: Ending;
  /** How many requests the call had sent when the action was over; undefined if it never came to that. */
  readonly actedBefore: number | undefined;
}

/** Makes the call of a way, once, and has somebody else act in between. */
export async function play(way: Way, ground: ActorGround, between?: Between): Promise<Played & { happened: boolean }> {
  const call = await way.prepare(ground);
  const before = call.target === undefined ? null : await nodeNow(ground, call.target);
  const nodes = await nodesNow(ground, `resource_class=${ground.resourceClass}`);
  const target = nodes[between?.target ?? -1]?.uuid;
  const bystander = createBystander(ground);
  const journal = createJournal(ground);
  const script = createFaultScript();
  script.play(...way.hiccups);
  const faulty = createFaultyFetch(journal.fetch, script, ground);
  let happened = false;
  let actedBefore: number | undefined;

  async function fetch(request: Request): Promise<Response> {
    journal.note(request);
    if (journal.requests.length === between?.gap && target !== undefined) {
      happened = await between.action.act(bystander, target, call);
      actedBefore = between.gap;
    }
    // The action may have taken so long that nobody waits for this request any more. Then it was never sent.
    request.signal.throwIfAborted();
    return faulty(request);
  }

  const ending = await endingOf(call.run(createProgram(ground, fetch, 1, way.foreign)));
  return { way, ground, call, between, bystander, journal, before, ending, actedBefore, happened };
}
