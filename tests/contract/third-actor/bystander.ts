import { type ActorGround, createProgram, type Node, type Program } from './actor-lab.js';
import { createJournal, type Journal, nodeNow } from './journal.js';

/** What somebody else has on a node. */
export interface Stake {
  readonly id: string;
  readonly deploymentId: string | null;
  readonly state: 'reserved' | 'deployed';
}

/** Somebody else who acts on the same nodes: an operator, another tenant, or another copy of this program. */
export interface Bystander {
  readonly ground: ActorGround;
  /** What belongs to somebody else by now. */
  readonly stakes: Stake[];
  /** What the other copies of this program have done. */
  readonly journals: readonly Journal[];
  node(id: string): Promise<Node | null>;
  /** Sends a change, and again while the node is locked. Answers whether Ironic agreed. */
  change(method: string, path: string, body?: unknown): Promise<boolean>;
  /** Waits until nobody works on a node, and it is in one of these states, if any are named. */
  until(id: string, ...states: readonly string[]): Promise<Node | null>;
  /** Starts another copy of this program. */
  copy(): Program;
}

const busy = /is locked by host|state transition is in progress/;
const patience = 600;

export function createBystander(ground: ActorGround): Bystander {
  const journals: Journal[] = [];
  const node = (id: string) => nodeNow(ground, id);
  return {
    ground,
    stakes: [],
    journals,
    node,
    async change(method, path, body) {
      for (let attempt = 1; attempt <= patience; attempt += 1) {
        const answer = await ground.ask(method, path, body);
        if (answer.status < 300) return true;
        if (answer.status !== 503 && !busy.test(JSON.stringify(answer.body))) return false;
        await ground.rest();
      }
      throw new Error(`${method} ${path}: the node stays locked`);
    },
    async until(id, ...states) {
      for (let attempt = 1; attempt <= patience; attempt += 1) {
        const now = await node(id);
        if (!now) return null;
        if (now.reservation === null && (states.length === 0 || states.includes(now.provision_state))) return now;
        await ground.rest();
      }
      throw new Error(`node ${id} never becomes ${states.join(' or ')}`);
    },
    copy() {
      const journal = createJournal(ground);
      journals.push(journal);
      return createProgram(
        ground,
        (request) => {
          journal.note(request);
          return journal.fetch(request);
        },
        7,
      );
    },
  };
}
