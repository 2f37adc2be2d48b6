import fc from 'fast-check';
import { expect, it } from 'vitest';
import { targets, verbs } from '../../src/simulator/world/state-machine.js';
import ironic from '../golden/ironic-21.4.4-fsm.json' with { type: 'json' };
import { runs } from '../support/length.js';
import { addPorts } from '../support/tenant-ports.js';
import { type Answer, type Sim, setup } from './harness.js';

const nodes = ['rack1-small-01', 'rack1-small-04', 'rack3-gpu-03', 'rack3-large-fail-write-image'];
const instances = [1, 2, 3].map((digit) => `aaaaaaaa-0000-4000-8000-00000000000${digit}`);
const path = (node: string) => `/v1/nodes/${node}`;

/** Something that a client does, to a node if one is named. */
interface Deed {
  readonly what: string;
  readonly node?: string;
  readonly run: (sim: Sim) => Promise<Answer | undefined>;
}

const anyNode = fc.constantFrom(...nodes);
const anyInstance = fc.constantFrom(...instances);
const anyTarget = fc.constantFrom(...Object.keys(verbs), 'rebuild', 'done', 'fail');
const erase = { clean_steps: [{ interface: 'deploy', step: 'erase_devices_metadata' }] };

/** An action on any node. */
const toNode = (what: string, run: (sim: Sim, node: string) => Promise<Answer>) =>
  anyNode.map((node): Deed => ({ what: `${what} ${node}`, node, run: (sim) => run(sim, node) }));

const wait = fc.integer({ min: 0, max: 90 }).map(
  (seconds): Deed => ({
    what: `wait ${seconds} s`,
    run: async (sim) => {
      sim.pass(seconds);
      return undefined;
    },
  }),
);
const aim = fc.tuple(anyNode, anyTarget).map(
  ([node, target]): Deed => ({
    what: `${target} ${node}`,
    node,
    run: (sim) => sim.target(node, target, target === 'clean' ? erase : {}),
  }),
);
const reserve = fc.tuple(anyNode, anyInstance).map(
  ([node, instance]): Deed => ({
    what: `reserve ${node} for ${instance}`,
    node,
    run: (sim) => sim.set(node, 'instance_uuid', instance),
  }),
);
const allocate = anyInstance.map(
  (uuid): Deed => ({
    what: `allocate ${uuid}`,
    run: (sim) => {
      const body = { uuid, resource_class: 'baremetal.small', candidate_nodes: nodes.slice(0, 2) };
      return sim.post('/v1/allocations', body);
    },
  }),
);
const deallocate = anyInstance.map(
  (uuid): Deed => ({ what: `deallocate ${uuid}`, run: (sim) => sim.delete(`/v1/allocations/${uuid}`) }),
);

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 5, arbitrary: wait },
  { weight: 5, arbitrary: aim },
  { weight: 3, arbitrary: toNode('deploy', (sim, node) => sim.deploy(node)) },
  { weight: 2, arbitrary: toNode('undeploy', (sim, node) => sim.target(node, 'deleted')) },
  { weight: 2, arbitrary: allocate },
  reserve,
  deallocate,
  toNode('release', (sim, node) => sim.patch(path(node), [{ op: 'remove', path: '/instance_uuid' }])),
  toNode('switch', (sim, node) => sim.put(`${path(node)}/states/power`, { target: 'rebooting' })),
  toNode('switch off', (sim, node) => sim.put(`${path(node)}/states/power`, { target: 'power off' })),
  toNode('begin maintenance of', (sim, node) => sim.put(`${path(node)}/maintenance`)),
  toNode('end maintenance of', (sim, node) => sim.delete(`${path(node)}/maintenance`)),
  toNode('attach to', (sim, node) => sim.post(`${path(node)}/vifs`, { id: 'net' })),
);

/** Notes each move of a node that Ironic's own state machine does not have. */
function watchMoves({ world }: Sim): string[] {
  const strange: string[] = [];
  const edges: Record<string, Record<string, string>> = ironic.transitions;
  const update = world.fleet.update.bind(world.fleet);
  world.fleet.update = (changed, changes, at) => {
    const { provision_state: from } = changed;
    update(changed, changes, at);
    const { provision_state: to } = changed;
    if (from !== to && !Object.values(edges[from] ?? {}).includes(to)) strange.push(`${from} → ${to}`);
  };
  return strange;
}

const snapshot = ({ world }: Sim) =>
  JSON.stringify([
    world.fleet.section({}).map(({ ports, ...rest }) => [rest, ports.map(({ vif }) => vif)]),
    [...world.allocations.values()],
  ]);

async function readEverything(sim: Sim): Promise<void> {
  for (const list of ['nodes?detail=true', 'nodes/detail', 'ports/detail', 'allocations', 'conductors', 'drivers']) {
    await sim.get(`/v1/${list}`);
  }
  for (const name of nodes) {
    for (const part of ['', '/states', '/validate', '/history', '/vifs', '/traits', '/ports', '/allocation']) {
      await sim.get(path(name) + part);
    }
  }
}

function checkAssociations({ world }: Sim): void {
  const all = world.fleet.section({});
  const taken = all.flatMap(({ instance_uuid: id }) => id ?? []);
  expect(new Set(taken).size).toBe(taken.length);
  for (const each of all) {
    if (each.instance_uuid !== null) expect(world.fleet.byInstance(each.instance_uuid)).toBe(each);
    const allocation = each.allocation_uuid === null ? undefined : world.allocations.get(each.allocation_uuid);
    if (each.allocation_uuid !== null) {
      expect(allocation).toMatchObject({ state: 'active', node_uuid: each.uuid });
      expect(each.instance_uuid).toBe(each.allocation_uuid);
    }
  }
  for (const { state, uuid, node_uuid: owner } of world.allocations.values()) {
    if (state === 'active') expect(world.fleet.byUuid(owner ?? '')?.allocation_uuid).toBe(uuid);
  }
}

/** The long lane plays more: 10,000 take some minutes. */
const sequences = runs({ variable: 'SEQUENCES', few: 300, many: 10_000 });

it(
  'the cloud keeps its invariants, whatever clients do',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(deeds, { maxLength: 25, size: 'max' }), async (story) => {
        const sim = setup();
        addPorts(sim.world, 'net');
        const strange = watchMoves(sim);
        for (const { what, node, run } of story) {
          const locked = node !== undefined && (await sim.node(node)).reservation !== null;
          const before = sim.now();
          const { status } = (await run(sim)) ?? { status: 0 };
          expect(status, what).not.toBe(500);
          if (locked && sim.now() === before) expect(status, `${what}, which is locked`).toBeGreaterThanOrEqual(400);
          checkAssociations(sim);
        }
        // Reads change nothing, however many there are.
        await readEverything(sim);
        const before = snapshot(sim);
        await readEverything(sim);
        expect(snapshot(sim)).toBe(before);
        // After some time everything has ended and no lock is held. Only a node in maintenance may wait forever.
        for (const name of nodes) await sim.delete(`${path(name)}/maintenance`);
        sim.pass(10_000);
        await sim.get('/v1/nodes?limit=1');
        for (const each of sim.world.fleet.section({})) {
          expect(each.reservation, each.provision_state).toBeNull();
          const resting = targets[each.provision_state] === undefined || each.provision_state.endsWith('failed');
          expect(resting || each.maintenance, each.provision_state).toBe(true);
        }
        expect(strange).toEqual([]);
      }),
      { numRuns: sequences },
    );
  },
  60_000 + sequences * 200,
);
