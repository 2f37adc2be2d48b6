import { isoformat } from '../dialect/python.js';
import { CONDUCTOR, internalInfo, type Node, type NodeChanges } from '../world/node.js';
import { follow, targets } from '../world/state-machine.js';
import type { World } from '../world/world.js';

/**
 * Work on a node that takes time: a generator that yields the seconds (at speed 1) until it goes on. `nodeStory.at` is
 * then that later moment.
 */
export type Story = Generator<number, void, void>;

/** A lock may outlive the state of a node by this many seconds. */
const LETTING_GO = 0.3;

/** A node at a moment of a story. */
export class NodeStory {
  constructor(
    readonly world: World,
    readonly node: Node,
    /** Milliseconds since the epoch. */
    public at: number,
  ) {}

  update(changes: NodeChanges): void {
    this.world.fleet.update(this.node, changes, this.at);
  }

  /**
   * Moves the node along an edge of the state machine, and sets `provision_updated_at`. The target follows from the
   * state unless it is given: manual cleaning leads to `manageable`. Inspections get Ironic's dates.
   */
  fire(event: string, changes: NodeChanges = {}): void {
    const { node, at } = this;
    const state = follow(node.provision_state, event);
    if (state === undefined) throw new Error(`no event ${event} in state ${node.provision_state}`);
    const dates: NodeChanges = {};
    if (state === 'inspecting') Object.assign(dates, { inspection_started_at: at, inspection_finished_at: null });
    else if (node.inspection_started_at !== null && state !== 'inspect wait') {
      dates.inspection_started_at = null;
      if (state === 'manageable') dates.inspection_finished_at = at;
    }
    const target = targets[state] ?? null;
    this.update({
      provision_state: state,
      target_provision_state: target,
      provision_updated_at: at,
      ...dates,
      ...changes,
    });
  }

  /** Records an error as Ironic does: in `last_error`, and in the node's history with its event type. */
  note(eventType: string, event: string): void {
    const entry = { uuid: crypto.randomUUID(), created_at: this.at, event_type: eventType, event };
    this.update({ last_error: event, history: [...this.node.history, entry] });
  }

  power(state: 'power on' | 'power off'): void {
    const info = internalInfo(this.node, { last_power_state_change: isoformat(this.at) });
    this.update({ power_state: state, driver_internal_info: info });
  }

  /** Releases the lock a moment later. */
  *letGo(): Story {
    yield LETTING_GO;
    this.update(unlocked);
  }
}

/** Locks the node, as a conductor does while it works on it. */
export const locked: NodeChanges = { reservation: CONDUCTOR };

export const unlocked: NodeChanges = { reservation: null };

/** Starts work on a node at once. It replaces the current work. */
export function play(world: World, node: Node, story: (nodeStory: NodeStory) => Story): void {
  const nodeStory = new NodeStory(world, node, world.now());
  tell(world, node, nodeStory, story(nodeStory));
}

/** Like `play`, but the current work goes on. */
export function playAside(world: World, node: Node, story: (nodeStory: NodeStory) => Story): void {
  const nodeStory = new NodeStory(world, node, world.now());
  tell(world, aside(node), nodeStory, story(nodeStory));
}

const aside = (node: Node) => `beside ${node.uuid}`;

/** Ends all work on a node. */
export function stop(world: World, node: Node): void {
  world.agenda.cancel(node);
  world.agenda.cancel(aside(node));
}

/** Runs a story about anything. The story sees the current moment in `moment`. */
export function tell(world: World, owner: object | string, moment: { at: number }, story: Story): void {
  world.agenda.cancel(owner);
  const goOn = () => {
    const { done, value } = story.next();
    if (done) return;
    world.agenda.plan(owner, moment.at + world.lasting(value), (at) => {
      moment.at = at;
      goOn();
    });
  };
  goOn();
}
