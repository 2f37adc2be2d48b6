import type { Server } from './server.js';
import { named } from './text/untrusted.js';

/** `in_progress`, `completed` and `failed` are deployments; `none` means no deployment. */
export type Outcome = 'in_progress' | 'completed' | 'failed' | 'none';

/** One row of the table of states: everything that the program asks about a provision state. */
export interface StateMeaning {
  /** What the state means to a caller who asked for a server. */
  readonly outcome: Outcome;
  /** What is going on, in words that follow "the server is" or stand alone. */
  readonly words: string;
  /** The words if it is known whether Ironic cleans this server by itself; null if that makes no difference. */
  readonly cleaningWords: { readonly on: string; readonly off: string } | null;
  /** Whether the server becomes free from here, if nothing goes wrong. */
  readonly freeing: boolean;
  /** The words for work that an operator ordered, which ends in `manageable`; null if operators cannot order it. */
  readonly orderedWords: string | null;
  /** Whether Ironic's last change of state ended the deployment. */
  readonly final: boolean;
  /** Who moves the deployment on from here; null if nobody does or no Ironic lists servers in this state. */
  readonly advancedBy: 'conductor' | 'agent' | 'operator' | null;
  /** What failed. A failed deployment can be repeated in place. */
  readonly failed: 'deployment' | 'undeployment' | null;
  /** The verb for undeploying in the question to the user; null if we never undeploy from here. */
  readonly undeployVerb: 'Undeploy' | 'Cancel the deployment of' | 'Clear' | null;
  /** Which steps of the node belong to this work, or to the work that failed. Other work may have left its own steps. */
  readonly steps: 'deploy' | 'clean' | null;
}

type Row = StateMeaning;
// The kinds of rows. Columns that differ within a kind are arguments, so that no row can leave one out.
const none = { outcome: 'none', final: false, advancedBy: null, failed: null, undeployVerb: null } as const;
const idle = (words: string): Row => {
  return { ...none, words, cleaningWords: null, freeing: false, orderedWords: null, steps: null };
};
const leaving = (words: string): Row => ({ ...idle(words), freeing: true });
const cleaned = (words: string, orderedWords: string): Row => ({ ...leaving(words), orderedWords, steps: 'clean' });
const underWay = (words: string, advancedBy: Row['advancedBy'], undeployVerb: Row['undeployVerb']): Row => {
  return { ...idle(words), outcome: 'in_progress', advancedBy, undeployVerb, steps: 'deploy' };
};
/** Somebody works on a running system. */
const atWork = (words: string): Row => ({ ...idle(words), outcome: 'completed' });
const broken = (words: string, failed: NonNullable<Row['failed']>, steps: Row['steps']): Row => {
  return { ...idle(words), outcome: 'failed', final: true, failed, undeployVerb: 'Clear', steps };
};

/** Every provision state up to Ironic's newest release (ironic/common/states.py). */
export const stateTable = {
  enroll: idle('enrolled, not yet managed'),
  verifying: idle('being verified by Ironic'),
  manageable: idle('not offered for deployment'),
  available: idle('free for deployment'),
  inspecting: idle('being inspected'),
  'inspect wait': idle('waiting for its inspection'),
  'inspect failed': idle('out of use: its inspection failed'),
  adopting: idle('being adopted'),
  'adopt failed': idle('out of use: its adoption failed'),
  'clean failed': idle('out of use: its cleaning failed'),

  deploying: underWay('being deployed', 'conductor', null),
  'wait call-back': underWay('waiting for the deployment agent on the server', 'agent', 'Cancel the deployment of'),
  'deploy hold': underWay('held by an operator in the middle of its deployment', 'operator', null),
  // This state is older than Ironic's state machine, and no Ironic lists it.
  'deploy complete': underWay('finishing its deployment', null, null),
  'deploy failed': broken('not deployed: the deployment failed', 'deployment', 'deploy'),

  active: { ...atWork('deployed'), final: true, undeployVerb: 'Undeploy' },
  rescuing: atWork('deployed, going into rescue mode'),
  'rescue wait': atWork('deployed, waiting for the rescue system'),
  rescue: atWork('deployed, in rescue mode'),
  'rescue failed': atWork('deployed, but going into rescue mode failed'),
  unrescuing: atWork('deployed, leaving rescue mode'),
  'unrescue failed': atWork('deployed, but leaving rescue mode failed'),
  servicing: atWork('deployed, being serviced'),
  'service wait': atWork('deployed, waiting for its service step'),
  'service hold': atWork('deployed, held by an operator during its service'),
  'service failed': atWork('deployed, but its service failed'),

  error: broken('out of use: its undeployment failed', 'undeployment', null),
  deleting: leaving('being undeployed'),
  deleted: leaving('undeployed'),
  // Ironic passes through this state even if it does not clean.
  cleaning: {
    ...cleaned('being cleaned, if this Ironic cleans', 'being cleaned on the order of an operator'),
    cleaningWords: { on: 'being cleaned after its last use', off: 'becoming free without cleaning' },
  },
  'clean wait': cleaned('waiting in its cleaning', 'waiting in a cleaning that an operator has ordered'),
  'clean hold': cleaned('held by an operator in its cleaning', 'held in a cleaning that an operator has ordered'),
} satisfies Readonly<Record<string, StateMeaning>>;

export type ProvisionState = keyof typeof stateTable;

/** The only state from which Ironic deploys a server. */
export const freeState: ProvisionState = 'available';

/** In these states Ironic has not asked the management controller yet. */
export const beforePower: ReadonlySet<string> = new Set<ProvisionState>(['enroll', 'verifying']);

/** A state newer than this table. Only the server itself shows whether it is in a deployment. */
const unknown = { ...idle(''), outcome: null, words: null, steps: 'deploy' } as const;

type InState = Pick<Server, 'provisionState'> & Partial<Pick<Server, 'targetState' | 'automatedClean' | 'step'>>;

/** The questions to a table of states. A test adds a made-up state to the table. */
export function createStates(table: Readonly<Record<string, StateMeaning>>) {
  const provisionStates = Object.keys(table);
  const statesAdvancedBy = (...by: readonly StateMeaning['advancedBy'][]) =>
    provisionStates.filter((state) => by.includes(table[state]?.advancedBy ?? null));

  /**
   * Looks up a provision state; undefined if it is not in the table.
   * @param target The state that Ironic takes the server to. Work that an operator ordered ends in `manageable`.
   */
  function stateMeaning(state: string, target?: string | null): StateMeaning | undefined {
    const row = Object.hasOwn(table, state) ? table[state] : undefined;
    if (!row?.orderedWords || target !== ('manageable' satisfies ProvisionState)) return row;
    return { ...row, words: row.orderedWords, cleaningWords: null, freeing: false };
  }

  /** The row for the state of a server. */
  function meaningOf({ provisionState, targetState, automatedClean, step }: InState): StateMeaning | typeof unknown {
    const row = stateMeaning(provisionState, targetState);
    const cleans = step ? true : (automatedClean ?? null);
    if (!row?.cleaningWords || cleans === null) return row ?? unknown;
    return { ...row, words: cleans ? row.cleaningWords.on : row.cleaningWords.off };
  }

  return {
    provisionStates,
    /** The states in which a deployment moves on without an operator. */
    movingStates: statesAdvancedBy('conductor', 'agent'),
    /** The states of a reserved server that does not run yet, as far as Ironic can list them. */
    deployingStates: [freeState, ...statesAdvancedBy('conductor', 'agent', 'operator')],
    stateMeaning,
    meaningOf,
    /** Whether Ironic would deploy the server and nothing is deployed on it. Somebody may have reserved it. */
    isFree: (server: InState) => server.provisionState === freeState,
    /** A state in the middle of a sentence. An unknown one is untrusted text. */
    stateName: (state: string) => (Object.hasOwn(table, state) ? state : named(state)),
  };
}

export const { provisionStates, movingStates, deployingStates, stateMeaning, meaningOf, isFree, stateName } =
  createStates(stateTable);

/** What is happening to a server in a state. The name tells, even if the state is newer than the table. */
export function doingOf({ provisionState: state }: InState): 'works' | 'waits' | 'is held' | 'failed' | 'rests' {
  if (/ing$/.test(state)) return 'works';
  if (/ (wait|call-back)$/.test(state)) return 'waits';
  if (/ hold$/.test(state)) return 'is held';
  return / failed$/.test(state) || meaningOf({ provisionState: state }).failed ? 'failed' : 'rests';
}
