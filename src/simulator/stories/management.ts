import type { Node } from '../world/node.js';
import type { World } from '../world/world.js';
import { locked, NodeStory, play, playAside, unlocked } from './node-story.js';

/** Seconds at speed 1. */
const WORKING = 1;
const VERIFYING = 2;
const INSPECTING = 10;

/** Changes the state of a node at once, if there is no work to do. */
export function move(world: World, node: Node, event: string): void {
  new NodeStory(world, node, world.now()).fire(event);
}

/** Verifies an enrolled node. */
export function verify(world: World, node: Node): void {
  play(world, node, function* (story) {
    story.fire('manage', { ...locked, last_error: null });
    yield VERIFYING;
    story.update({ power_state: node.power_state ?? 'power off' });
    story.fire('done');
    yield* story.letGo();
  });
}

/** Inspects a node with an agent. */
export function inspect(world: World, node: Node): void {
  play(world, node, function* (story) {
    story.fire('inspect', { ...locked, last_error: null });
    yield WORKING;
    story.fire('wait', unlocked);
    yield INSPECTING;
    story.fire('done');
  });
}

export function abortInspection(world: World, node: Node): void {
  world.agenda.cancel(node);
  const story = new NodeStory(world, node, world.now());
  story.note('introspection', 'Inspection was aborted by request.');
  story.fire('abort');
}

/** Adopts a node that somebody else deployed. */
export function adopt(world: World, node: Node): void {
  play(world, node, function* (story) {
    story.fire('adopt', { ...locked, last_error: null });
    yield VERIFYING;
    story.fire('done');
    yield* story.letGo();
  });
}

/** Switches the power of a node to one of Ironic's targets. A reboot ends with the power on. */
export function switchPower(world: World, node: Node, target: string): void {
  const state = target.endsWith('power off') ? 'power off' : 'power on';
  // Ironic switches a node off even while its agent works. The deployment does not notice.
  playAside(world, node, function* (story) {
    story.update({ ...locked, target_power_state: state, last_error: null });
    yield WORKING;
    story.power(state);
    story.update({ ...unlocked, target_power_state: null });
  });
}
