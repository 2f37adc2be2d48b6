import { Fault, instanceAssociated, nodeAssociated } from '../dialect/errors.js';
import type { Allocation } from '../world/allocation.js';
import type { Node } from '../world/node.js';
import { updatable } from '../world/state-machine.js';
import { requireUnlocked, type World } from '../world/world.js';
import { type Story, tell } from './node-story.js';

/** If all suitable nodes are locked, Ironic tries this many times, with this many seconds in between. */
const ATTEMPTS = 3;
const PAUSE = 1;

/** Ends the search for a node. The message becomes the allocation's `last_error`. */
class AllocationFailure extends Error {}

/** Lets Ironic choose a node. The allocation is `allocating` until the next request. */
export function requestAllocation(world: World, allocation: Allocation): void {
  const moment = { at: world.now() };
  tell(world, allocation, moment, search(world, allocation, moment));
}

function* search(world: World, allocation: Allocation, moment: { readonly at: number }): Story {
  yield 0;
  try {
    for (let attempt = 1; !choose(world, allocation, moment.at); attempt += 1) {
      const locked = candidateNodes(world, allocation).length;
      if (attempt === ATTEMPTS) throw unprocessed(allocation, `could not reserve any of ${locked} suitable nodes`);
      yield PAUSE;
    }
  } catch (error) {
    if (!(error instanceof AllocationFailure)) throw error;
    markFailed(allocation, error.message, moment.at);
  }
}

/** Gives the allocation a suitable node, unless all of them are locked. */
function choose(world: World, allocation: Allocation, at: number): boolean {
  const node = candidateNodes(world, allocation).find(({ reservation }) => reservation === null);
  if (!node) return false;
  const problem = conflict(world, allocation, node);
  if (problem) throw new AllocationFailure(`Unexpected exception during allocation: ${problem.message}`);
  assign(world, allocation, node, at);
  return true;
}

function unprocessed(allocation: Allocation, problem: string): AllocationFailure {
  return new AllocationFailure(`Failed to process allocation ${allocation.uuid}: ${problem}.`);
}

/** The suitable nodes, at least one: first the one with the allocation's name, then the others in random order. */
function candidateNodes(world: World, allocation: Allocation): readonly Node[] {
  const { resource_class: resourceClass, candidate_nodes: wanted, traits, owner, name } = allocation;
  const section = world.fleet.section({ resourceClass: resourceClass ?? '', provisionState: 'available' });
  const available = section.filter(
    (node) =>
      node.instance_uuid === null &&
      node.power_state !== null &&
      !node.maintenance &&
      (wanted.length === 0 || wanted.includes(node.uuid)) &&
      (owner === null || node.owner === owner || node.lessee === owner),
  );
  if (available.length === 0) {
    const which = wanted.length > 0 ? 'none of the requested nodes are available and' : 'no available nodes';
    throw unprocessed(allocation, `${which} match the resource class ${resourceClass}`);
  }
  const suitable = available.filter((node) => traits.every((trait) => node.traits.includes(trait)));
  if (suitable.length === 0) {
    throw unprocessed(allocation, `no suitable nodes have the requested traits ${traits.join(', ')}`);
  }
  const namesake = suitable.filter((node) => node.name === name);
  return [...namesake, ...shuffled(suitable, world.random)];
}

function shuffled(nodes: readonly Node[], random: () => number): readonly Node[] {
  return nodes
    .map((node) => ({ node, lot: random() }))
    .sort((a, b) => a.lot - b.lot)
    .map(({ node }) => node);
}

function assign(world: World, allocation: Allocation, node: Node, at: number): void {
  const instanceInfo = { ...node.instance_info, traits: [...allocation.traits] };
  const changes = { instance_uuid: allocation.uuid, allocation_uuid: allocation.uuid, instance_info: instanceInfo };
  world.fleet.update(node, changes, at);
  Object.assign(allocation, { state: 'active', node_uuid: node.uuid, updated_at: at });
}

function markFailed(allocation: Allocation, error: string, at: number): void {
  Object.assign(allocation, { state: 'error', last_error: error, updated_at: at });
}

/** Makes an allocation for a node that is already deployed. The answer says at once if that fails. */
export function backfill(world: World, allocation: Allocation, node: Node): void {
  requireUnlocked(node);
  const problems = backfillProblems(allocation, node);
  const problem = `Cannot backfill an allocation for node ${node.uuid}: ${problems.join('; ')}`;
  const refusal =
    problems.length > 0 ? new Fault(500, unprocessed(allocation, problem).message) : conflict(world, allocation, node);
  if (refusal) {
    markFailed(allocation, refusal.message, world.now());
    throw refusal;
  }
  assign(world, allocation, node, world.now());
}

function conflict(world: World, allocation: Allocation, node: Node): Fault | undefined {
  if (node.instance_uuid !== null && node.instance_uuid !== allocation.uuid) {
    return nodeAssociated(node.uuid, node.instance_uuid);
  }
  const rival = world.fleet.byInstance(allocation.uuid);
  return rival && rival !== node ? instanceAssociated(allocation.uuid, node.uuid) : undefined;
}

function backfillProblems(allocation: Allocation, node: Node): readonly string[] {
  const problems: string[] = [];
  const list = (items: readonly string[]) => `[${items.map((item) => `'${item}'`).join(', ')}]`;
  if (node.provision_state !== 'active') {
    problems.push(`Node must be in the "active" state, but the current state is "${node.provision_state}"`);
  }
  if (node.resource_class !== allocation.resource_class) {
    const mismatch = `does not match the requested resource class ${allocation.resource_class}`;
    problems.push(`Resource class ${node.resource_class} ${mismatch}`);
  }
  if (!allocation.traits.every((trait) => node.traits.includes(trait))) {
    problems.push(`List of traits ${list(node.traits)} does not match the requested traits ${list(allocation.traits)}`);
  }
  if (allocation.candidate_nodes.length > 0 && !allocation.candidate_nodes.includes(node.uuid)) {
    const candidates = list(allocation.candidate_nodes);
    problems.push(`Candidate nodes must be empty or contain the target node, but got ${candidates}`);
  }
  return problems;
}

/** Deletes an allocation and releases its node, unless the node is in use. */
export function deallocate(world: World, allocation: Allocation): void {
  const node = allocation.node_uuid === null ? undefined : world.fleet.byUuid(allocation.node_uuid);
  if (node) {
    requireUnlocked(node);
    requireIdle(allocation, node);
    world.fleet.update(node, { allocation_uuid: null, instance_uuid: null }, world.now());
  }
  world.agenda.cancel(allocation);
  world.allocations.delete(allocation.uuid);
}

function requireIdle(allocation: Allocation, node: Node): void {
  if (node.maintenance) return;
  const refuse = (why: string) =>
    new Fault(409, `Cannot remove allocation ${allocation.uuid} for node ${node.uuid}, because the node is ${why}`);
  const state = node.provision_state;
  if (node.target_provision_state !== null && !updatable.has(state)) {
    throw refuse(`in state ${state} where updates are not allowed (and maintenance mode is off)`);
  }
  if (state === 'active') throw refuse('active (and maintenance mode is off)');
}
