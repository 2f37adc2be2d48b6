import type { JsonObject } from '../dialect/json.js';
import { isoformat, repr } from '../dialect/python.js';
import { randomMac, updatePort } from '../world/network.js';
import { internalInfo, type Node, type NodeChanges } from '../world/node.js';
import type { World } from '../world/world.js';
import { wiped } from './deployment.js';
import { locked, type NodeStory, play, type Story, unlocked } from './node-story.js';
import { scriptedFaultsOf } from './scripted-faults.js';
import { type AskedStep, stepId } from './step.js';

/** Seconds at speed 1. */
const TEARING_DOWN = 3;
const BOOTING = 5;
const ERASING = 4;
const WORKING = 1;

/** The only clean step of the simulated agents. */
const erase = { interface: 'deploy', step: 'erase_devices_metadata', priority: 99, abortable: true };

/** Undeploys a node. It always forgets the instance, then Ironic cleans the node, and it becomes available again. */
export function tearDown(world: World, node: Node): void {
  play(world, node, function* (story) {
    story.fire('delete', { ...locked, last_error: null });
    yield TEARING_DOWN;
    const { fail, message } = scriptedFaultsOf(node);
    if (fail === 'tear_down') {
      story.note('unprovision', `Failed to tear down: ${message ?? 'IPMI call failed: power off'}`);
      story.fire('fail');
      forgetInstance(story);
      yield* story.letGo();
    } else {
      forgetInstance(story);
      story.fire('clean');
      yield* cleaning(story);
    }
  });
}

function forgetInstance(story: NodeStory): void {
  const { world, node, at } = story;
  if (node.allocation_uuid !== null) world.allocations.delete(node.allocation_uuid);
  for (const port of node.ports) {
    const tenant = world.tenantPorts.get(port.vif ?? '');
    if (tenant) updatePort(tenant, { status: 'DOWN', mac_address: randomMac(world.random) }, at);
    port.vif = null;
  }
  story.update({
    instance_info: {},
    instance_uuid: null,
    allocation_uuid: null,
    power_state: 'power off',
    driver_internal_info: wiped(node, { is_whole_disk_image: undefined, last_power_state_change: isoformat(at) }),
  });
}

/** Offers a managed node: Ironic cleans it, and it becomes available. */
export function provide(world: World, node: Node): void {
  play(world, node, function* (story) {
    story.fire('provide', { ...locked, last_error: null });
    yield* cleaning(story);
  });
}

/** Cleans a managed node with the requested steps. It stays managed. */
export function cleanManually(world: World, node: Node, steps: readonly AskedStep[]): void {
  play(world, node, function* (story) {
    story.fire('clean', { ...locked, ...manualTarget, last_error: null });
    yield* cleaning(story, steps);
  });
}

const manualTarget: NodeChanges = { target_provision_state: 'manageable' };

/** Cleans a node in `cleaning`: automated, or with the requested steps. */
function* cleaning(story: NodeStory, steps?: readonly AskedStep[]): Story {
  const { node } = story;
  const target = steps ? manualTarget : {};
  const failure = !steps && node.automated_clean === false ? undefined : yield* erasing(story, target, steps);
  if (failure === undefined) {
    story.update({ clean_step: {}, driver_internal_info: withoutSteps(node) });
    story.fire(steps || node.retired ? 'manage' : 'done');
  } else {
    // The disk may be half erased, so Ironic takes the node out of use.
    const duringStep = Object.keys(node.clean_step).length > 0;
    const fault = { fault: 'clean failure', maintenance: true, maintenance_reason: failure };
    story.note('cleaning', failure);
    const changes = { clean_step: {}, driver_internal_info: internalInfo(node, { clean_step_index: undefined }) };
    story.fire('fail', { ...locked, ...target, ...(duringStep && fault), ...changes });
  }
  yield* story.letGo();
}

/** driver_internal_info without the data of a running cleaning. */
function withoutSteps(node: Node): JsonObject {
  return internalInfo(node, { clean_steps: null, clean_step_index: undefined });
}

/** Boots the agent and lets it erase the disks. Returns the error, if there is one. */
function* erasing(
  story: NodeStory,
  target: NodeChanges,
  steps: readonly AskedStep[] = [],
): Generator<number, string | undefined, void> {
  const { node } = story;
  yield WORKING;
  const unknown = steps.find((each) => each.interface !== erase.interface || each.step !== erase.step);
  if (unknown) {
    return `Cannot clean node ${node.uuid}: node does not support this clean step: ${repr({ ...unknown })}`;
  }
  story.power('power on');
  story.fire('wait', { ...target, ...unlocked });
  yield BOOTING;
  const plan = internalInfo(node, { clean_steps: [erase], clean_step_index: 0 });
  story.fire('resume', { ...target, ...locked, clean_step: erase, driver_internal_info: plan });
  yield WORKING;
  story.fire('wait', { ...target, ...unlocked });
  const { fail, message, hang } = scriptedFaultsOf(node);
  yield hang === erase.step ? Number.POSITIVE_INFINITY : ERASING;
  if (fail === erase.step) {
    return `Clean step ${stepId(erase)} failed on node ${node.uuid}. ${message ?? '/dev/sda is busy'}`;
  }
  story.fire('resume', { ...target, ...locked });
  yield WORKING;
  story.power('power off');
  return undefined;
}

/** Stops a cleaning in `clean wait`. */
export function abortCleaning(world: World, node: Node): void {
  play(world, node, function* (story) {
    const erasing = Object.keys(node.clean_step).length > 0;
    const during = erasing ? ` during or after the completion of step "${stepId(erase)}"` : '';
    story.fire('abort', {
      ...locked,
      last_error: `By request, the clean operation was aborted${during}`,
      target_provision_state: node.target_provision_state,
    });
    yield WORKING;
    story.power('power off');
    story.update({ ...unlocked, clean_step: {}, driver_internal_info: withoutSteps(node) });
  });
}
