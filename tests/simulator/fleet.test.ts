import { describe, expect, it } from 'vitest';
import { Agenda } from '../../src/simulator/world/agenda.js';
import { Fleet, position } from '../../src/simulator/world/fleet.js';
import { createNode, type NodeChanges } from '../../src/simulator/world/node.js';
import { setup } from './harness.js';

const node = (fleet: Fleet, name: string, given: NodeChanges = {}) => {
  const created = createNode(fleet.nextId(), `uuid-of-${name}`, 0, { name, ...given });
  fleet.add(created);
  return created;
};

describe('the fleet', () => {
  it('finds nodes by their present names, not by earlier ones', () => {
    const fleet = new Fleet();
    const one = node(fleet, 'one', { instance_uuid: 'i' });
    fleet.update(one, { name: 'first', instance_uuid: null }, 5);
    expect(fleet.byName('one')).toBeUndefined();
    expect(fleet.byName('first')).toBe(one);
    expect(fleet.byInstance('i')).toBeUndefined();
    expect(fleet.byUuid('uuid-of-one')).toBe(one);
    expect(one.updated_at).toBe(5);
    fleet.update(one, { name: null }, 6);
    expect(fleet.byName('first')).toBeUndefined();
    fleet.remove(one);
    expect(fleet.size).toBe(0);
    expect(fleet.section({})).toEqual([]);
  });

  it('keeps every section in order while nodes enter and leave it', () => {
    const fleet = new Fleet();
    const nodes = ['a', 'b', 'c'].map((name) => node(fleet, name, { resource_class: 'x' }));
    const names = (section: Parameters<Fleet['section']>[0]) => fleet.section(section).map(({ name }) => name);
    const [, b] = nodes;
    if (b) fleet.update(b, { provision_state: 'active', resource_class: null }, 1);
    expect(names({ resourceClass: 'x' })).toEqual(['a', 'c']);
    expect(names({ provisionState: 'active' })).toEqual(['b']);
    if (b) fleet.update(b, { provision_state: 'enroll', resource_class: 'x' }, 2);
    expect(names({ resourceClass: 'x', provisionState: 'enroll' })).toEqual(['a', 'b', 'c']);
    expect(names({ provisionState: 'active' })).toEqual([]);
    expect(names({})).toEqual(['a', 'b', 'c']);
    expect(position(fleet.section({}), 3)).toBe(2);
  });
});

describe('the agenda', () => {
  it('runs each plan at its moment, also plans that are made meanwhile', () => {
    const agenda = new Agenda();
    const owner = {};
    const ran: number[] = [];
    agenda.plan(owner, 10, (at) => {
      ran.push(at);
      agenda.plan(owner, 20, (then) => ran.push(then));
    });
    agenda.catchUp(9);
    expect(ran).toEqual([]);
    agenda.catchUp(25);
    expect(ran).toEqual([10, 20]);
    agenda.plan(owner, 30, () => ran.push(30));
    agenda.cancel(owner);
    agenda.catchUp(100);
    expect(ran).toEqual([10, 20]);
  });
});

describe('several plans', () => {
  it('run in order of time, and at the same time in the order they were made', () => {
    const agenda = new Agenda();
    const ran: string[] = [];
    const plan = (owner: string, at: number) => agenda.plan(owner, at, () => ran.push(owner));
    plan('third', 30);
    plan('first', 10);
    plan('never', Number.POSITIVE_INFINITY);
    plan('second', 20);
    plan('also second', 20);
    agenda.plan('moved', 15, () => ran.push('before it moved'));
    plan('moved', 25);
    agenda.catchUp(100);
    expect(ran).toEqual(['first', 'second', 'also second', 'moved', 'third']);
  });
});

describe('the built-in servers', () => {
  it('are a dozen in three classes, with uuids that never change', async () => {
    const { nodes } = (await setup().get('/v1/nodes?fields=uuid,name,resource_class')).body;
    const described = nodes.map(({ uuid, name, resource_class }: Record<string, string>) => [
      uuid,
      name,
      resource_class,
    ]);
    expect(described).toMatchSnapshot();
  });

  it('are generated after the dozen, each with its own name and uuid', () => {
    const { world } = setup({ servers: 5000 });
    const nodes = world.fleet.section({});
    expect(nodes).toHaveLength(5000);
    expect(new Set(nodes.map(({ uuid }) => uuid)).size).toBe(5000);
    expect(new Set(nodes.map(({ name }) => name)).size).toBe(5000);
    expect(new Set([...world.ports.values()].map(({ address }) => address)).size).toBe(world.ports.size);
    expect(nodes[12]?.name).toBe('rack4-small-01');
    expect(nodes[4999]?.name).toBe('rack253-large-08');
    for (const { uuid } of nodes)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(world.fleet.section({ resourceClass: 'baremetal.gpu', provisionState: 'available' }).length).toBeGreaterThan(
      400,
    );
    expect(world.fleet.section({ provisionState: 'active' })).not.toHaveLength(0);
  });

  it('may be fewer than a dozen', () => {
    expect(setup({ servers: 3 }).world.fleet.size).toBe(3);
    expect(setup({ servers: 0 }).world.fleet.size).toBe(0);
  });

  it('never fail by themselves in the small and the gpu class', () => {
    const { world } = setup();
    for (const resourceClass of ['baremetal.small', 'baremetal.gpu']) {
      for (const { name } of world.fleet.section({ resourceClass })) expect(name).not.toContain('fail');
    }
  });
});
