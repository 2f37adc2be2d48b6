/**
 * Ironic's state machine as data, with Ironic's names of states, events and verbs.
 * `tests/simulator/state-machine.test.ts` compares it with a real Ironic 21.4.4, edge by edge.
 */
export const transitions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  enroll: { manage: 'verifying' },
  verifying: { done: 'manageable', fail: 'enroll' },
  manageable: { provide: 'cleaning', clean: 'cleaning', inspect: 'inspecting', adopt: 'adopting' },
  inspecting: { done: 'manageable', fail: 'inspect failed', wait: 'inspect wait' },
  'inspect wait': { done: 'manageable', fail: 'inspect failed', abort: 'inspect failed' },
  'inspect failed': { manage: 'manageable', inspect: 'inspecting' },
  adopting: { done: 'active', fail: 'adopt failed' },
  'adopt failed': { adopt: 'adopting', manage: 'manageable' },
  available: { deploy: 'deploying', manage: 'manageable' },
  deploying: { fail: 'deploy failed', wait: 'wait call-back', done: 'active' },
  'wait call-back': { resume: 'deploying', fail: 'deploy failed', delete: 'deleting' },
  'deploy failed': { rebuild: 'deploying', deploy: 'deploying', delete: 'deleting' },
  active: { rebuild: 'deploying', delete: 'deleting', rescue: 'rescuing' },
  deleting: { fail: 'error', clean: 'cleaning' },
  error: { rebuild: 'deploying', delete: 'deleting' },
  cleaning: { done: 'available', fail: 'clean failed', wait: 'clean wait', manage: 'manageable' },
  'clean wait': { fail: 'clean failed', abort: 'clean failed', resume: 'cleaning' },
  'clean failed': { manage: 'manageable' },
  rescue: { rescue: 'rescuing', delete: 'deleting', unrescue: 'unrescuing' },
  rescuing: { done: 'rescue', wait: 'rescue wait', fail: 'rescue failed' },
  'rescue wait': { resume: 'rescuing', fail: 'rescue failed', abort: 'rescue failed', delete: 'deleting' },
  'rescue failed': { rescue: 'rescuing', unrescue: 'unrescuing', delete: 'deleting' },
  unrescuing: { done: 'active', fail: 'unrescue failed' },
  'unrescue failed': { rescue: 'rescuing', unrescue: 'unrescuing', delete: 'deleting' },
};

/** The `target_provision_state` of each state. Stable states have none. */
export const targets: Readonly<Record<string, string>> = {
  verifying: 'manageable',
  inspecting: 'manageable',
  'inspect wait': 'manageable',
  'inspect failed': 'manageable',
  adopting: 'active',
  'adopt failed': 'active',
  deploying: 'active',
  'wait call-back': 'active',
  'deploy failed': 'active',
  deleting: 'available',
  cleaning: 'available',
  'clean wait': 'available',
  'clean failed': 'available',
  rescuing: 'rescue',
  'rescue wait': 'rescue',
  'rescue failed': 'rescue',
  unrescuing: 'active',
  'unrescue failed': 'active',
};

/** The targets that a client may PUT, and their events. Any other target is the name of an event. */
export const verbs: Readonly<Record<string, string>> = {
  active: 'deploy',
  deploy: 'deploy',
  deleted: 'delete',
  undeploy: 'delete',
  manage: 'manage',
  provide: 'provide',
  inspect: 'inspect',
  abort: 'abort',
  clean: 'clean',
  adopt: 'adopt',
  rescue: 'rescue',
  unrescue: 'unrescue',
};

/** States with a target in which Ironic still allows a PATCH. */
export const updatable: ReadonlySet<string> = new Set([
  'deploy failed',
  'inspecting',
  'inspect failed',
  'inspect wait',
  'clean failed',
  'error',
  'verifying',
  'adopt failed',
  'rescue failed',
  'unrescue failed',
]);

export function isState(name: string): boolean {
  return Object.hasOwn(transitions, name);
}

/** The state after an event; undefined if the state has no such event. */
export function follow(state: string, event: string): string | undefined {
  const edges = transitions[state];
  return edges && Object.hasOwn(edges, event) ? edges[event] : undefined;
}

/** The event of a PUT target. */
export function eventOf(target: string): string {
  return (Object.hasOwn(verbs, target) ? verbs[target] : undefined) ?? target;
}
