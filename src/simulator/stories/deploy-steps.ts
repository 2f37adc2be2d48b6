import type { Node } from '../world/node.js';
import type { AskedStep } from './step.js';

/** A step of a deployment, as Ironic stores it in the node: its own, or a requested one. */
export interface DeployStep extends AskedStep {
  readonly priority: number;
  readonly argsinfo?: null;
}

const step = (name: string, priority: number): DeployStep => ({
  step: name,
  priority,
  argsinfo: null,
  interface: 'deploy',
});

type Steps = readonly DeployStep[];

/** The steps of the `direct` deploy interface. */
const own: Steps = [
  step('deploy', 100),
  step('write_image', 80),
  step('prepare_instance_boot', 60),
  step('tear_down_agent', 40),
  step('switch_to_tenant_network', 30),
  step('boot_instance', 20),
];

/** Whether the node has Ironic's `fake` interface. It needs no image and no agent. */
export const isFake = (node: Node) => node.deploy_interface === 'fake';

/** A step of the agent. It is on only in the agents of the GPU servers. */
const injectFiles = step('inject_files', 65);

/** The duration of each step in seconds, and whether the agent does it in the background. */
export const durations: Readonly<Record<string, { readonly seconds: number; readonly background: boolean }>> = {
  deploy: { seconds: 20, background: true },
  write_image: { seconds: 22, background: true },
  inject_files: { seconds: 4, background: true },
  prepare_instance_boot: { seconds: 3, background: false },
  tear_down_agent: { seconds: 4, background: false },
  switch_to_tenant_network: { seconds: 1, background: false },
  boot_instance: { seconds: 4, background: false },
};

/** The agent's own steps. Ironic learns them with the agent's first heartbeat. */
export function agentSteps(node: Node): readonly DeployStep[] {
  return node.resource_class === 'baremetal.gpu' ? [injectFiles] : [];
}

/**
 * The known steps of a deployment, highest priority first. A requested step replaces Ironic's own, and priority 0
 * switches it off. Steps that are not known (yet) are left out.
 */
export function deploySteps(node: Node, known: readonly DeployStep[], asked: readonly AskedStep[]): Steps {
  const usual = isFake(node) ? own.slice(0, 1) : own;
  const wanted = [...usual, ...known].map((each) => {
    const user = asked.find((candidate) => sameStep(candidate, each));
    return user ? { ...user, priority: user.priority ?? each.priority } : each;
  });
  return wanted.filter((each) => each.priority > 0).sort((a, b) => b.priority - a.priority);
}

/** A requested step that does not exist. */
export function unknownStep(known: readonly DeployStep[], asked: readonly AskedStep[]): AskedStep | undefined {
  return asked.find((user) => ![...own, ...known].some((each) => sameStep(user, each)));
}

function sameStep(a: AskedStep, b: AskedStep): boolean {
  return a.interface === b.interface && a.step === b.step;
}
