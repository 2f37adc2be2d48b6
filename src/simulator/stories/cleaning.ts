import type { JsonObject } from '../dialect/json.js';
import { isoformat, repr } from '../dialect/python.js';
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

/** The one step that the simulated agents clean with. */
const erase = { interface: 'deploy', step: 'erase_devices_metadata', priority: 99, abortable: true };

/** Undeploys a node: its instance is forgotten whatever happens, then it is cleaned and becomes available again. */
export function tearDown(world: World, node: Node): void {
  play(world, node, function* (nodeStory) {
    nodeStory.fire('delete', { ...locked, last_error: null });
    yield TEARING_DOWN;
    const { fail, message } = scriptedFaultsOf(node);
    if (fail === 'tear_down') {
      nodeStory.note('unprovision', `Failed to tear down: ${message ?? 'IPMI call failed: power off'}`);
      nodeStory.fire('fail');
      forgetInstance(nodeStory);
      yield* nodeStory.letGo();
    } else {
      forgetInstance(nodeStory);
      nodeStory.fire('clean');
      yield* cleaning(nodeStory);
    }
  });
}

function forgetInstance(nodeStory: NodeStory): void {
  const { world, node, at } = nodeStory;
  if (node.allocation_uuid !== null) world.allocations.delete(node.allocation_uuid);
  for (const port of node.ports) port.vif = null;
  nodeStory.update({
    instance_info: {},
    instance_uuid: null,
    allocation_uuid: null,
    power_state: 'power off',
    driver_internal_info: wiped(node, { is_whole_disk_image: undefined, last_power_state_change: isoformat(at) }),
  });
}

/** Offers a managed node: it is cleaned and becomes available. */
export function provide(world: World, node: Node): void {
  play(world, node, function* (nodeStory) {
    nodeStory.fire('provide', { ...locked, last_error: null });
    yield* cleaning(nodeStory);
  });
}

/** Cleans a managed node by the steps that a user wants; it stays managed. */
export function cleanManually(world: World, node: Node, steps: readonly AskedStep[]): void {
  play(world, node, function* (nodeStory) {
    nodeStory.fire('clean', { ...locked, ...manualTarget, last_error: null });
    yield* cleaning(nodeStory, steps);
  });
}

const manualTarget: NodeChanges = { target_provision_state: 'manageable' };

/** Cleaning of a node that has just become `cleaning`: automated, or by the steps given. */
function* cleaning(nodeStory: NodeStory, steps?: readonly AskedStep[]): Story {
  const { node } = nodeStory;
  const target = steps ? manualTarget : {};
  const failure = !steps && node.automated_clean === false ? undefined : yield* erasing(nodeStory, target, steps);
  if (failure === undefined) {
    nodeStory.update({ clean_step: {}, driver_internal_info: withoutSteps(node) });
    nodeStory.fire(steps || node.retired ? 'manage' : 'done');
  } else {
    // A node whose disk may be half erased is nothing to go on with.
    const duringStep = Object.keys(node.clean_step).length > 0;
    const fault = { fault: 'clean failure', maintenance: true, maintenance_reason: failure };
    nodeStory.note('cleaning', failure);
    const changes = { clean_step: {}, driver_internal_info: internalInfo(node, { clean_step_index: undefined }) };
    nodeStory.fire('fail', { ...locked, ...target, ...(duringStep && fault), ...changes });
  }
  yield* nodeStory.letGo();
}

/** driver_internal_info without what belongs to a cleaning under way. */
function withoutSteps(node: Node): JsonObject {
  return internalInfo(node, { clean_steps: null, clean_step_index: undefined });
}

/** Boots the agent and has it erase the disks; ends with what went wrong, if something did. */
function* erasing(
  nodeStory: NodeStory,
  target: NodeChanges,
  steps: readonly AskedStep[] = [],
): Generator<number, string | undefined, void> {
  const { node } = nodeStory;
  yield WORKING;
  const unknown = steps.find((each) => each.interface !== erase.interface || each.step !== erase.step);
  if (unknown) {
    return `Cannot clean node ${node.uuid}: node does not support this clean step: ${repr({ ...unknown })}`;
  }
  nodeStory.power('power on');
  nodeStory.fire('wait', { ...target, ...unlocked });
  yield BOOTING;
  const plan = internalInfo(node, { clean_steps: [erase], clean_step_index: 0 });
  nodeStory.fire('resume', { ...target, ...locked, clean_step: erase, driver_internal_info: plan });
  yield WORKING;
  nodeStory.fire('wait', { ...target, ...unlocked });
  const { fail, message, hang } = scriptedFaultsOf(node);
  yield hang === erase.step ? Number.POSITIVE_INFINITY : ERASING;
  if (fail === erase.step) {
    return `Clean step ${stepId(erase)} failed on node ${node.uuid}. ${message ?? '/dev/sda is busy'}`;
  }
  nodeStory.fire('resume', { ...target, ...locked });
  yield WORKING;
  nodeStory.power('power off');
  return undefined;
}

/** Stops a cleaning that waits for its agent. */
export function abortCleaning(world: World, node: Node): void {
  play(world, node, function* (nodeStory) {
    const erasing = Object.keys(node.clean_step).length > 0;
    const during = erasing ? ` during or after the completion of step "${stepId(erase)}"` : '';
    nodeStory.fire('abort', {
      ...locked,
      last_error: `By request, the clean operation was aborted${during}`,
      target_provision_state: node.target_provision_state,
    });
    yield WORKING;
    nodeStory.power('power off');
    nodeStory.update({ ...unlocked, clean_step: {}, driver_internal_info: withoutSteps(node) });
  });
}
