import { named } from './text/untrusted.js';
/**
 * What a provision state of Ironic means to somebody who asked for a server.
 *
 * `in_progress`, `completed` and `failed` are deployments; `none` is a server without one.
 */
export type Outcome = 'in_progress' | 'completed' | 'failed' | 'none';

/** One row of the table of states. */
export interface StateMeaning {
  readonly outcome: Outcome;
  /** What is going on, in words that follow "the server" or stand alone. */
  readonly words: string;
  /** Whether the server is on its way to be free, if nothing goes wrong. */
  readonly freeing: boolean;
}

const row = (outcome: Outcome, words: string): StateMeaning => ({ outcome, words, freeing: false });
const freeing = (words: string): StateMeaning => ({ outcome: 'none', words, freeing: true });

/**
 * Every provision state up to Ironic's newest release (ironic/common/states.py).
 * `available` and `deploy hold` need more than their name to be judged: see `status.ts`.
 */
const table: Readonly<Record<string, StateMeaning>> = {
  enroll: row('none', 'enrolled, not yet managed'),
  verifying: row('none', 'being verified by Ironic'),
  manageable: row('none', 'managed, but not offered for deployment'),
  available: row('none', 'free for deployment'),
  inspecting: row('none', 'being inspected'),
  'inspect wait': row('none', 'waiting for its inspection'),
  'inspect failed': row('none', 'out of use: its inspection failed'),
  adopting: row('none', 'being adopted'),
  'adopt failed': row('none', 'out of use: its adoption failed'),

  deploying: row('in_progress', 'being deployed'),
  'wait call-back': row('in_progress', 'waiting for the deployment agent on the server'),
  'deploy hold': row('in_progress', 'held by an operator in the middle of its deployment'),
  'deploy complete': row('in_progress', 'finishing its deployment'),
  'deploy failed': row('failed', 'not deployed: the deployment failed'),

  active: row('completed', 'deployed'),
  rescuing: row('completed', 'deployed, going into rescue mode'),
  'rescue wait': row('completed', 'deployed, waiting for the rescue system'),
  rescue: row('completed', 'deployed, in rescue mode'),
  'rescue failed': row('completed', 'deployed, but going into rescue mode failed'),
  unrescuing: row('completed', 'deployed, leaving rescue mode'),
  'unrescue failed': row('completed', 'deployed, but leaving rescue mode failed'),
  servicing: row('completed', 'deployed, being serviced'),
  'service wait': row('completed', 'deployed, waiting for its service step'),
  'service hold': row('completed', 'deployed, held by an operator during its service'),
  'service failed': row('completed', 'deployed, but its service failed'),

  error: row('failed', 'out of use: its undeployment failed'),
  deleting: freeing('being undeployed'),
  deleted: freeing('undeployed'),
  cleaning: freeing('being cleaned after its last use'),
  'clean wait': freeing('waiting in its cleaning'),
  'clean hold': freeing('held by an operator in its cleaning'),
  'clean failed': row('none', 'out of use: its cleaning failed'),
};

/** The same states where an operator has ordered the cleaning: it ends in `manageable`, and only that tells it. */
const ordered: Readonly<Record<string, StateMeaning>> = {
  cleaning: row('none', 'being cleaned on the order of an operator'),
  'clean wait': row('none', 'waiting in a cleaning that an operator has ordered'),
  'clean hold': row('none', 'held in a cleaning that an operator has ordered'),
};

/** The names of all provision states that this table knows. */
export const provisionStates: readonly string[] = Object.keys(table);

/** A state in the middle of a sentence: one that nobody knows yet is somebody else's text. */
export function stateName(state: string): string {
  return Object.hasOwn(table, state) ? state : named(state);
}

/**
 * Looks a provision state up; undefined for one that Ironic invented after this was written.
 * @param target Where it leads to, as Ironic tells; it is of no account for the outcome.
 */
export function stateMeaning(state: string, target?: string | null): StateMeaning | undefined {
  const rows = target === 'manageable' && Object.hasOwn(ordered, state) ? ordered : table;
  return Object.hasOwn(rows, state) ? rows[state] : undefined;
}
