import { type Json, type JsonObject, without } from '../dialect/json.js';
import { isoformat, repr } from '../dialect/python.js';
import { updatePort } from '../world/network.js';
import { internalInfo, type Node } from '../world/node.js';
import type { World } from '../world/world.js';
import { boot } from './boot-report.js';
import { agentSteps, type DeployStep, deploySteps, durations, isFake, unknownStep } from './deploy-steps.js';
import { glanceImage, imageFacts, imageProblem, imageSource, inferImageType } from './image-source.js';
import { locked, type NodeStory, play, type Story, unlocked } from './node-story.js';
import { type ScriptedFaults, scriptedFaultsOf } from './scripted-faults.js';
import { type AskedStep, stepId } from './step.js';

/** The options of a deployment. */
export interface DeployRequest {
  readonly event: 'deploy' | 'rebuild';
  readonly configDrive: Json | undefined;
  readonly steps: readonly AskedStep[];
}

/** Seconds at speed 1; `durations` has those of the steps. A whole deployment takes 60. */
const PREPARING = 2;
const STARTING = 1;
const RESUMING = 1;
const FAILING = 1;
/** The time between two heartbeats of the agent. */
const HEARTBEAT = 10;
/** The time between two checks of a server's power. */
const POWER_CHECK = 60;
/** Ironic's default limit for an agent that does not report. */
const CALLBACK_TIMEOUT = 1800;

/** Ends a deployment. The message becomes `last_error`, and an error in the node's history. */
class DeployFailure extends Error {}

/** A failure that the agent reported. */
class AgentFailure extends DeployFailure {}

/**
 * Starts a deployment with the `direct` interface. Ironic boots an agent on the server, waits for its call, lets it
 * write the image while it reports by heartbeats, and boots the system. While a conductor works, the node is `deploying` and
 * locked. While the agent works, it is in `wait call-back` and not locked.
 */
export function startDeployment(world: World, node: Node, request: DeployRequest): void {
  play(world, node, (story) => deployment(story, request));
}

function* deployment(story: NodeStory, request: DeployRequest): Story {
  const { world, node } = story;
  const imageType = inferImageType(world, node.instance_info);
  // A rebuild asks Glance for kernel and ramdisk again.
  const anew = request.event === 'rebuild' && glanceImage(world, imageSource(node.instance_info));
  story.fire(request.event, {
    ...locked,
    last_error: null,
    deploy_step: {},
    instance_info: {
      ...without(node.instance_info, ...(anew ? ['kernel', 'ramdisk'] : [])),
      ...(imageType !== undefined && { image_type: imageType }),
      ...(request.configDrive && { configdrive: request.configDrive }),
    },
    driver_internal_info: wiped(node, { is_whole_disk_image: imageType !== 'partition' }),
  });
  try {
    yield PREPARING;
    prepare(story, request.steps);
    yield* runSteps(story, request.steps);
    story.update({ deploy_step: {}, driver_internal_info: wiped(node) });
    story.fire('done');
  } catch (error) {
    if (!(error instanceof DeployFailure)) throw error;
    yield* fail(story, error);
    return yield* story.letGo();
  }
  yield* story.letGo();
  const { after } = scriptedFaultsOf(node);
  if (after !== 'never_boots') yield* boot(story);
  yield* afterwards(story, after);
}

/** What happens to a running server whose faults say so, and what Ironic notices of it. */
function* afterwards(story: NodeStory, after: ScriptedFaults['after']): Story {
  if (after === 'power_loss') {
    yield POWER_CHECK;
    // Ironic switches the server on again.
    story.power('power on');
  } else if (after === 'dead_bmc') {
    // Each check of the power holds the lock until it gives up. Ironic notices after the third one.
    story.update(locked);
    yield 3 * POWER_CHECK;
    const words = `During sync_power_state, max retries exceeded for node ${story.node.uuid}, node state None does not match expected state 'power on'. Updating DB state to 'None' Switching node to maintenance mode. Error: IPMI call failed: power status`;
    const fault = { fault: 'power failure', maintenance: true, maintenance_reason: words, last_error: words };
    story.update({ ...unlocked, ...fault, power_state: null });
  }
}

/**
 * Shows the error a moment before the state. The state clears the step. After a failure of the agent, the power-off
 * clears `last_error` too, as newer releases do: only the history still has the reason.
 */
function* fail(story: NodeStory, failure: DeployFailure): Story {
  story.update(locked);
  story.note('deploying', failure.message);
  yield FAILING;
  story.power('power off');
  if (failure instanceof AgentFailure) story.update({ last_error: null });
  story.fire('fail', { deploy_step: {}, driver_internal_info: wiped(story.node) });
}

function prepare(story: NodeStory, asked: readonly AskedStep[]): void {
  const { world, node } = story;
  const problem = isFake(node) ? undefined : imageProblem(world, node.instance_info);
  if (problem !== undefined) throw new DeployFailure(`Failed to prepare to deploy: ${problem}`);
  if (node.network_interface === 'flat') connect(story);
  story.update({
    instance_info: { ...node.instance_info, ...imageFacts(world, node.instance_info) },
    driver_internal_info: internalInfo(node, {
      deploy_steps: printable(deploySteps(node, [], asked)),
      ...(asked.length > 0 && { user_deploy_steps: printable(asked) }),
    }),
  });
}

function* runSteps(story: NodeStory, asked: readonly AskedStep[]): Story {
  const faults = scriptedFaultsOf(story.node);
  let steps = deploySteps(story.node, [], asked);
  let agentIsUp = false;
  // The list grows when the agent is up and reports its own steps.
  for (let index = 0; index < steps.length; index += 1) {
    const step = steps[index];
    if (!step) break;
    const info = internalInfo(story.node, { deploy_step_index: index });
    story.update({ deploy_step: { ...step }, driver_internal_info: info });
    const { seconds, background } = durations[step.step] ?? { seconds: STARTING, background: false };
    const work = { step, faults, seconds: faults.stepSeconds ?? seconds };
    if (!background || isFake(story.node)) {
      yield* workInForeground(story, work);
      continue;
    }
    yield* workInBackground(story, work, agentIsUp);
    if (!agentIsUp) steps = welcomeAgent(story, asked);
    agentIsUp = true;
    yield RESUMING;
  }
}

interface Work {
  readonly step: DeployStep;
  readonly faults: ScriptedFaults;
  readonly seconds: number;
}

/** A step of the conductor, which holds the lock. Nothing ends it if it hangs. */
function* workInForeground(story: NodeStory, work: Work): Story {
  const { node } = story;
  const { step, faults, seconds } = work;
  yield faults.hang === step.step ? Number.POSITIVE_INFINITY : seconds;
  const failure = failureOf(story, work);
  if (failure !== undefined) throw new DeployFailure(`Deploy step ${stepId(step)} failed: ${failure}.`);
  if (step.step === 'switch_to_tenant_network' && lacksNetwork(node)) {
    const problem = `NetworkError: No neutron ports or portgroups are associated with node ${node.uuid}`;
    throw new DeployFailure(`Error changing node ${node.uuid} to tenant networks after deploy. ${problem}`);
  }
  if (step.step === 'switch_to_tenant_network' && node.network_interface === 'neutron') connect(story);
  if (step.step === 'tear_down_agent') story.power('power off');
  if (step.step === 'boot_instance') story.power('power on');
}

/** A step of the agent. The conductor takes over at its end. */
function* workInBackground(story: NodeStory, work: Work, agentIsUp: boolean): Story {
  const { step } = work;
  if (step.step === 'deploy') story.power('power on');
  yield STARTING;
  story.fire('wait', unlocked);
  yield* awaitAgent(story, work, agentIsUp);
  const failure = failureOf(story, work);
  if (failure !== undefined) {
    throw new AgentFailure(`Deploy step ${stepId(step)} failed on node ${story.node.uuid}. ${failure}`);
  }
  story.fire('resume', locked);
}

/**
 * Waits until the agent is done. It reports by heartbeats, the first one after its boot. A lost agent falls silent
 * after the first heartbeat of the step. Ironic still shows "power on", because it does not ask the BMC during that time.
 */
function* awaitAgent(story: NodeStory, { step, faults, seconds }: Work, agentIsUp: boolean): Story {
  const { node } = story;
  let remaining = Math.max(seconds, STARTING);
  let silence = 0;
  let isHeard = false;
  const losesAgent = faults.loseAgent === step.step;
  while (remaining > 0) {
    const pause = agentIsUp ? Math.min(HEARTBEAT, remaining) : remaining;
    yield pause;
    if ((losesAgent && (isHeard || !agentIsUp)) || faults.hang === step.step || node.power_state === 'power off') {
      silence += pause;
      if (silence >= CALLBACK_TIMEOUT && !node.maintenance) {
        throw new DeployFailure(`Timeout reached while waiting for callback for node ${node.uuid}`);
      }
    } else if (node.reservation === null) {
      // Ironic ignores heartbeats while the node is locked, and only records them in maintenance.
      silence = 0;
      isHeard = true;
      heartbeat(story);
      if (!node.maintenance && !losesAgent) remaining -= pause;
    }
  }
}

function heartbeat(story: NodeStory): void {
  const { node, at } = story;
  const heard = {
    agent_url: `https://192.0.2.${(node.id % 254) + 1}:9999`,
    agent_version: '9.4.0',
    agent_last_heartbeat: isoformat(at),
  };
  const touched = node.maintenance ? {} : { provision_updated_at: at };
  story.update({ ...touched, driver_internal_info: internalInfo(node, heard) });
}

/** The first call of the agent. Ironic now knows all steps, and which requested ones do not exist. */
function welcomeAgent(story: NodeStory, asked: readonly AskedStep[]): readonly DeployStep[] {
  const { node } = story;
  const known = agentSteps(node);
  const unknown = unknownStep(known, asked);
  if (unknown) {
    const problem = `node does not support this deploy step: ${repr({ ...unknown })}`;
    throw new DeployFailure(`Failed to validate the final deploy steps list for node ${node.uuid}: ${problem}`);
  }
  const steps = deploySteps(node, known, asked);
  story.update({
    driver_internal_info: internalInfo(node, {
      agent_cached_deploy_steps: { deploy: printable(known) },
      deploy_steps: printable(steps),
      agent_cached_deploy_steps_refreshed: isoformat(story.at),
      steps_validated: true,
    }),
  });
  return steps;
}

/** Binds the ports that are attached to the node. */
function connect({ world, node, at }: NodeStory): void {
  for (const { vif } of node.ports) {
    if (vif === null) continue;
    const tenant = world.tenantPorts.get(vif);
    if (!tenant) throw new DeployFailure(`Unable to set binding:host_id for neutron port ${vif}`);
    updatePort(tenant, { status: 'ACTIVE' }, at);
  }
}

/** The `neutron` interface needs an attached VIF. Ironic notices a missing one only now. */
function lacksNetwork(node: Node): boolean {
  return node.network_interface === 'neutron' && node.ports.every((port) => port.vif === null);
}

/** The error text of a step that fails because of the node's faults or of the image. */
function failureOf({ world, node }: NodeStory, { step, faults }: Work): string | undefined {
  if (faults.fail === step.step) return faults.message ?? usualFailures[step.step] ?? 'IPMI call failed: power status';
  const image = glanceImage(world, imageSource(node.instance_info));
  if (step.step !== 'write_image' || image?.name !== 'broken-image') return undefined;
  const found = [...(image.checksum ?? '')].reverse().join('');
  return `Image failed to verify against checksum. location: /dev/sda; image ID: ${image.id}; image checksum: ${image.checksum}; verification checksum: ${found}`;
}

/** The default error text of a step. */
const usualFailures: Readonly<Record<string, string>> = {
  write_image: 'Writing image to device /dev/sda failed with exit code 1. stderr: No space left on device',
  prepare_instance_boot: 'Failed to install a bootloader: no EFI system partition found on /dev/sda',
};

/** driver_internal_info without the data of a running deployment. */
export function wiped(node: Node, changes: Readonly<Record<string, Json | undefined>> = {}): JsonObject {
  return internalInfo(node, {
    deploy_steps: null,
    agent_url: undefined,
    user_deploy_steps: undefined,
    agent_cached_deploy_steps: undefined,
    deploy_step_index: undefined,
    steps_validated: undefined,
    ...changes,
  });
}

function printable(steps: readonly (AskedStep | DeployStep)[]): Json[] {
  return steps.map((step) => ({ ...step }));
}
