import { type Action, actions } from './actions.js';
import type { ActorGround } from './actor-lab.js';
import { nodesNow } from './journal.js';
import { judge } from './judgement.js';
import { play, wordsOf } from './play.js';
import type { Way } from './ways.js';

/** One action of somebody else in one gap of one way. */
export interface Case {
  readonly way: Way;
  /** The action comes right before this request, from 1. */
  readonly gap: number;
  /** What that request is, and the one before it. */
  readonly place: string;
  readonly action: Action;
  /** Which of the nodes of the class the undisturbed call was about, in Ironic's order. */
  readonly target: number;
}

export interface Finding {
  readonly violations: readonly string[];
  /** Something came of the action. */
  readonly happened: boolean;
  /** Nobody can prevent what happened: the action came between our last look and the request that takes no condition. */
  readonly lastLook: boolean;
}

type OpenGround = (way: Way) => Promise<ActorGround> | ActorGround;

/** The requests that a way makes when nobody acts in between, and the node that it is about. */
export async function undisturbed(way: Way, openGround: OpenGround) {
  const ground = await openGround(way);
  const { ending, journal, call } = await play(way, ground);
  await call.after?.();
  if ('response' in ending !== (way.outcome === 'done')) {
    throw new Error(`${way.name}, without anybody in between: ${wordsOf(ending)}`);
  }
  const id = 'response' in ending ? ending.response.operation_id : call.target;
  const nodes = await nodesNow(ground, `resource_class=${ground.resourceClass}`);
  const target = nodes.findIndex(({ uuid }) => uuid === id);
  if (target === -1) throw new Error(`${way.name} is about no node`);
  return { kinds: journal.requests.map(({ kind }) => kind), target };
}

/** Every action in every gap between two requests of a way; before the only one, if there is only one. */
export async function casesOf(way: Way, openGround: OpenGround): Promise<readonly Case[]> {
  const { kinds, target } = await undisturbed(way, openGround);
  const gaps = kinds.map((kind, index) => ({
    gap: index + 1,
    place: `between ${kinds[index - 1] ?? 'the look of another call'} and ${kind} (${index + 1} of ${kinds.length})`,
  }));
  return gaps
    .slice(kinds.length === 1 ? 0 : 1)
    .flatMap((gap) => actions.map((action) => ({ way, ...gap, action, target })));
}

/** Plays one case, and says what was wrong with it. */
export async function playCase(each: Case, openGround: OpenGround): Promise<Finding> {
  const played = await play(each.way, await openGround(each.way), each);
  return { ...(await judge(played)), happened: played.happened };
}

export function wordsOfCase({ way, place, action }: Case): string {
  return `${way.name}: ${place} somebody ${action.name}`;
}
