import { Failure } from '../../../src/core/failures.js';
import type { Program } from './actor-lab.js';
import type { Bystander } from './bystander.js';
import { clear, deploy, enrolAgain, remove, reserve, takeOff } from './node-doings.js';

/** Another copy of this program that does something about the call under test. */
export interface OtherCopies {
  /** The same request. */
  same(program: Program): Promise<unknown>;
  /** A request of its own for the same node or class, with another key. */
  other(program: Program): Promise<unknown>;
  /** The request that deployed, or is to deploy, what the call is about. */
  deployAnew(program: Program): Promise<unknown>;
}

/** What somebody else does to a node between two requests of ours. */
export interface Action {
  readonly name: string;
  /** Needs what only the simulator can be told. */
  readonly simulatedOnly?: true;
  /** Takes the node itself away: a lane of a real Ironic has no other. */
  readonly endsNode?: true;
  /** Answers whether anything came of it. */
  act(bystander: Bystander, id: string, copies: OtherCopies): Promise<boolean>;
}

const fourMinutes = 240_000;

export const actions: readonly Action[] = [
  { name: 'takes the id and the description off', act: (by, id) => takeOff(by, id, true) },
  { name: 'takes the id off and leaves the description', act: (by, id) => takeOff(by, id, false) },
  {
    name: 'reserves it as another tenant',
    act: async (by, id) => (await clear(by, id)) && reserve(by, id),
  },
  {
    name: 'deploys it as another tenant',
    act: async (by, id) => (await clear(by, id)) && (await reserve(by, id)) && deploy(by, id),
  },
  {
    name: 'deploys another image on it by hand, without an id',
    act: async (by, id) => (await clear(by, id)) && deploy(by, id, { byHand: true }),
  },
  { name: 'sets maintenance', act: (by, id) => by.change('PUT', `nodes/${id}/maintenance`, { reason: 'broken' }) },
  {
    name: 'undeploys it',
    act: async (by, id) => {
      if (!(await by.change('PUT', `nodes/${id}/states/provision`, { target: 'deleted' }))) return false;
      await by.until(id, 'available');
      return true;
    },
  },
  { name: 'rebuilds it', act: rebuild },
  {
    name: 'rebuilds it with another image',
    async act(by, id) {
      const info = by.ground.describe(by.ground.images.theirs);
      const patch = Object.entries(info).map(([name, value]) => ({ op: 'add', path: `/instance_info/${name}`, value }));
      const node = await by.until(id);
      if (!node || !['active', 'deploy failed'].includes(node.provision_state)) return false;
      return (await by.change('PATCH', `nodes/${id}`, patch)) && rebuild(by, id);
    },
  },
  { name: 'deletes it', endsNode: true, act: remove },
  {
    name: 'deletes it and enrols it again under its name',
    endsNode: true,
    act: (by, id) => enrolAgain(by, id, { withItsUuid: false }),
  },
  {
    name: 'deletes it and enrols it again with its UUID',
    endsNode: true,
    act: (by, id) => enrolAgain(by, id, { withItsUuid: true }),
  },
  {
    name: 'locks it for a moment',
    act: (by, id) => by.change('PUT', `nodes/${id}/states/power`, { target: 'rebooting' }),
  },
  {
    name: 'locks it for minutes',
    simulatedOnly: true,
    act: async (by, id) => by.ground.lock?.(id, fourMinutes) ?? false,
  },
  {
    name: 'is a second copy with the same request',
    act: (by, _, { same }) => succeeds(same(by.copy())),
  },
  {
    name: 'is a second copy with the same request, whose deployment ends well',
    act: async (by, id, { same }) => (await succeeds(same(by.copy()))) && (await by.until(id, 'active')) !== null,
  },
  {
    name: 'is a second copy with the same request, whose deployment fails',
    simulatedOnly: true,
    async act(by, id, { same }) {
      const patch = (op: string) => by.change('PATCH', `nodes/${id}`, [{ op, path: '/extra/sim', value: failing }]);
      if (!(await patch('add'))) return false;
      const done = await succeeds(same(by.copy()));
      const now = await by.until(id);
      if (now?.provision_state === 'wait call-back') await by.until(id, 'deploy failed');
      await patch('remove');
      return done;
    },
  },
  { name: 'is a second copy with another key', act: (by, _, { other }) => succeeds(other(by.copy())) },
  {
    name: 'undeploys it, and a second copy deploys it anew with the same request',
    async act(by, id, { deployAnew }) {
      if (!(await clear(by, id))) return false;
      // No server is undeployed within the second to which a deployment is dated.
      by.ground.pass(1_000);
      if (!(await succeeds(deployAnew(by.copy())))) return false;
      return (await by.until(id, 'active', 'available')) !== null;
    },
  },
  {
    name: 'sets the clock of the API four minutes forward',
    async act({ ground }) {
      ground.skew += fourMinutes;
      return true;
    },
  },
  {
    name: 'sets the clock of the API four minutes back',
    async act({ ground }) {
      ground.skew -= fourMinutes;
      return true;
    },
  },
];

const failing = { fail: 'write_image' };

async function rebuild(by: Bystander, id: string): Promise<boolean> {
  if (!(await by.change('PUT', `nodes/${id}/states/provision`, { target: 'rebuild' }))) return false;
  await by.until(id, 'active');
  return true;
}

/** Whether a copy of this program did what it was asked. */
function succeeds(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => true,
    (error) => {
      if (error instanceof Failure) return false;
      throw error;
    },
  );
}
