import type { Node } from '../world/node.js';
import type { World } from '../world/world.js';
import { locked, NodeStory, play, playAside, unlocked } from './node-story.js';

/** Seconds at speed 1. */
const WORKING = 1;
const VERIFYING = 2;
const INSPECTING = 10;

/** Moves a node at once, where nothing is to be done about it. */
export function move(world: World, node: Node, event: string): void {
  new NodeStory(world, node, world.now()).fire(event);
}

/** Checks that a node that was enrolled can be managed. */
export function verify(world: World, node: Node): void {
  play(world, node, function* (story) {
    story.fire('manage', { ...locked, last_error: null });
    yield VERIFYING;
    story.update({ power_state: node.power_state ?? 'power off' });
    story.fire('done');
    yield* story.letGo();
  });
}

/** Has a node looked at by an agent. */
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

/** Takes over a node that was deployed by somebody else. */
export function adopt(world: World, node: Node): void {
  play(world, node, function* (story) {
    story.fire('adopt', { ...locked, last_error: null });
    yield VERIFYING;
    story.fire('done');
    yield* story.letGo();
  });
}

/** Switches a node's power to one of Ironic's power targets; a reboot ends with the power on. */
export function switchPower(world: World, node: Node, target: string): void {
  const state = target.endsWith('power off') ? 'power off' : 'power on';
  // A node whose agent is at work can be switched off, and its deployment does not hear of it.
  playAside(world, node, function* (story) {
    story.update({ ...locked, target_power_state: state, last_error: null });
    yield WORKING;
    story.power(state);
    story.update({ ...unlocked, target_power_state: null });
  });
}
