import { Fault } from './errors.js';
import { isObject, type Json, type JsonObject } from './json.js';
import type { Node } from './node.js';
import { repr } from './python.js';

/** One step of a deployment, as Ironic keeps it in a node. */
export interface Step {
  readonly interface: string;
  readonly step: string;
  readonly priority: number;
  /** Absent: what a user asked for brings its arguments instead. */
  readonly argsinfo?: null;
  readonly args?: JsonObject;
}

const step = (name: string, priority: number): Step => ({
  step: name,
  priority,
  argsinfo: null,
  interface: 'deploy',
});

/** The steps of the `direct` deploy interface. */
const own: readonly Step[] = [
  step('deploy', 100),
  step('write_image', 80),
  step('prepare_instance_boot', 60),
  step('tear_down_agent', 40),
  step('switch_to_tenant_network', 30),
  step('boot_instance', 20),
];

/** A step of the agent's, off by default; the agents of the GPU servers are built with it on. */
const injectFiles = step('inject_files', 65);

/** How long each step works, in seconds; those that the agent does in the background are waited for. */
export const durations: Readonly<Record<string, { readonly seconds: number; readonly background: boolean }>> = {
  deploy: { seconds: 20, background: true },
  write_image: { seconds: 22, background: true },
  inject_files: { seconds: 4, background: true },
  prepare_instance_boot: { seconds: 3, background: false },
  tear_down_agent: { seconds: 4, background: false },
  switch_to_tenant_network: { seconds: 1, background: false },
  boot_instance: { seconds: 4, background: false },
};

/** The steps that the agent of a node brings along; Ironic hears of them with the agent's first heartbeat. */
export function agentSteps(node: Node): readonly Step[] {
  return node.resource_class === 'baremetal.gpu' ? [injectFiles] : [];
}

/**
 * The steps of a deployment, the highest priority first: those known so far, with a user's own steps in the place of
 * Ironic's. A user's step with priority 0 is switched off; one that is not known (yet) is left out.
 */
export function deploySteps(known: readonly Step[], asked: readonly Step[]): readonly Step[] {
  const wanted = [...own, ...known].map((each) => asked.find((user) => sameStep(user, each)) ?? each);
  return wanted.filter((each) => each.priority > 0).sort((a, b) => b.priority - a.priority);
}

/** A step that a user asked for and nobody can do. */
export function unknownStep(known: readonly Step[], asked: readonly Step[]): Step | undefined {
  return asked.find((user) => ![...own, ...known].some((each) => sameStep(user, each)));
}

function sameStep(a: Step, b: Step): boolean {
  return a.interface === b.interface && a.step === b.step;
}

/** A step's name in error texts. */
export function stepId(each: { readonly interface: string; readonly step: string }): string {
  return `${each.interface}.${each.step}`;
}

const stepInterfaces = ['power', 'management', 'deploy', 'bios', 'raid'];

/** Reads the `deploy_steps` of a request. */
export function readDeploySteps(given: Json | undefined): readonly Step[] {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) {
    const types = "<class 'NoneType'>, <class 'list'>";
    throw new Fault(400, `Expected types ${types} for deploy_steps: ${repr(given)}`);
  }
  return given.map(readDeployStep);
}

function readDeployStep(given: Json): Step {
  const refuse = (problem: string) => new Fault(400, `Invalid deploy_steps: ${problem}`);
  if (!isObject(given)) throw refuse(`${repr(given)} is not of type 'object'`);
  const { interface: kind, step: name, args, priority, ...others } = given;
  const [unexpected] = Object.keys(others);
  if (unexpected !== undefined) {
    throw refuse(`Additional properties are not allowed (${repr(unexpected)} was unexpected)`);
  }
  for (const [key, value] of Object.entries({ interface: kind, step: name, args, priority })) {
    if (value === undefined) throw refuse(`'${key}' is a required property`);
  }
  if (typeof kind !== 'string' || !stepInterfaces.includes(kind)) {
    throw refuse(`${repr(kind ?? null)} is not one of ${repr([...stepInterfaces])}`);
  }
  if (typeof name !== 'string' || name === '') throw refuse(`${repr(name ?? null)} is not of type 'string'`);
  if (!isObject(args)) throw refuse(`${repr(args ?? null)} is not of type 'object'`);
  if (!/^\d+$/.test(String(priority)))
    throw refuse(`${repr(priority ?? null)} is not valid under any of the given schemas`);
  return { interface: kind, step: name, args, priority: Number(priority) };
}
