import { describe, expect, it } from 'vitest';
import type { NetworkPort } from '../../../src/core/network-service.js';
import { NoAnswer, Refused } from '../../../src/core/ports.js';
import type { Http } from '../../../src/openstack/http.js';
import { createNeutron } from '../../../src/openstack/network/neutron.js';
import { uuid } from '../../core/fake-bare-metal.js';
import { createFakeClock } from '../../core/fake-clock.js';
import answers from '../../golden/neutron-answers.json' with { type: 'json' };
import { createService, forever, html, httpTo, json, type Reply, text } from '../lab.js';

const service = createService('http://neutron.test');
const project = '9cad7ccf0fc74f7d96080797ae98ed58';

/** @param signedIn The project of the sign-in. */
function setup(replies: readonly Reply[], signedIn: string | undefined = project) {
  service.replies(...replies);
  const plain = httpTo(service.endpoint, { service: 'Neutron' });
  const http: Http = {
    ...plain,
    ask: async (ask, signal, deadline) => ({ ...(await plain.ask(ask, signal, deadline)), project: signedIn }),
  };
  return createNeutron({ http, scoped: true, clock: createFakeClock(), random: () => 0 });
}

const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** What Neutron said when it was recorded. */
function recorded(name: string): Reply {
  const found = answers.find((each) => each.name === name);
  if (!found) throw new Error(`${name} was not recorded.`);
  if (found.status === 204) return () => new Response(null, { status: 204 });
  return text(JSON.stringify(found.answer), found.status);
}

const network = (id: number, more: object = {}) => ({
  id: uuid(id),
  name: 'tenant-a',
  project_id: project,
  shared: false,
  subnets: [uuid(9)],
  ...more,
});

const port: NetworkPort = {
  id: '4bbc4415-4257-49be-aea1-eed2ed7b6e41',
  networkId: uuid(1),
  mac: 'fa:16:3e:9c:24:02',
  addresses: ['10.30.0.171'],
  status: 'DOWN',
  deviceId: uuid(2),
  deviceOwner: 'ironic-mcp',
  description: 'x',
  createdAt: '',
  revision: 9,
};

const wire = (more: object = {}) => ({
  id: port.id,
  network_id: uuid(1),
  project_id: project,
  mac_address: 'FA:16:3E:9C:24:02',
  fixed_ips: [{ ip_address: '10.30.0.171' }],
  status: 'DOWN',
  device_id: uuid(2),
  device_owner: 'ironic-mcp',
  description: 'x',
  revision_number: 9,
  ...more,
});

describe('a network', () => {
  it('is found by its name, as Neutron really answers', async () => {
    const networks = setup([recorded('n010b-net-by-name-member')]);
    await expect(networks.find('tenant-a', forever)).resolves.toEqual([
      { id: '8efeae75-945b-4f77-b3be-6fbb2333a947', name: 'tenant-a', mtu: 1500, subnetIds: [expect.any(String)] },
    ]);
    expect(service.seen[0]?.path).toMatch(/^\/v2\.0\/networks\?name=tenant-a&fields=id&fields=name/);
  });

  it('is found by its id, whichever network has that id as its name', async () => {
    const networks = setup([json({ networks: [network(1, { subnets: [] })] })]);
    await expect(networks.find(uuid(1), forever)).resolves.toMatchObject([{ id: uuid(1), subnetIds: [] }]);
    expect(service.seen.map(({ path }) => path.split('&')[0])).toEqual([`/v2.0/networks?id=${uuid(1)}`]);
  });

  it('is found by a name in the form of an id where none has that id', async () => {
    const networks = setup([recorded('n011-net-none'), json({ networks: [network(1, { name: uuid(7) })] })]);
    await expect(networks.find(uuid(7), forever)).resolves.toMatchObject([{ id: uuid(1) }]);
    expect(service.seen.map(({ path }) => path.split('&')[0])).toEqual([
      `/v2.0/networks?id=${uuid(7)}`,
      `/v2.0/networks?name=${uuid(7)}`,
    ]);
  });

  it('is one of our own project or a shared one, though an admin is shown all', async () => {
    const all = [network(1), network(2, { project_id: 'x' }), network(3, { project_id: 'x', shared: true })];
    const networks = setup([json({ networks: all })]);
    expect((await networks.list(forever)).map(({ id }) => id)).toEqual([uuid(1), uuid(3)]);
  });

  it('is not looked for without a project, for which Neutron would answer anything', async () => {
    const networks = createNeutron({
      http: httpTo(service.endpoint),
      scoped: true,
      clock: createFakeClock(),
      random: () => 0,
    });
    service.replies(json({ networks: [network(1)] }));
    expect(await errorOf(networks.list(forever))).toMatchObject({
      refusal: 'invalid',
      words: expect.stringContaining('OS_PROJECT_NAME'),
    });
  });
});

describe('ports', () => {
  it('of ours are those with our marks, in our project', async () => {
    const others = [wire({ device_owner: 'baremetal:none' }), wire({ project_id: 'x' }), wire({ device_id: uuid(3) })];
    const networks = setup([json({ ports: [wire(), ...others] })]);
    await expect(networks.ownPorts(uuid(2), forever)).resolves.toEqual([port]);
    expect(service.seen[0]?.path).toContain(`?device_id=${uuid(2)}&device_owner=ironic-mcp&fields=id`);
  });

  it('are read by their ids in one request, and none where there is no id', async () => {
    const networks = setup([json({ ports: [wire({ device_owner: '' })] })]);
    await expect(networks.ports([port.id, uuid(8)], forever)).resolves.toMatchObject([{ id: port.id }]);
    await expect(networks.ports([], forever)).resolves.toEqual([]);
    expect(service.seen.map(({ path }) => path.split('&fields')[0])).toEqual([
      `/v2.0/ports?id=${port.id}&id=${uuid(8)}`,
    ]);
  });

  it.each([[{}], [{ ports: [{}] }], [{ ports: [wire({ id: '../../x' })] }], [{ ports: [wire({ mac_address: 'x' })] }]])(
    'cannot be read in %j',
    async (body) => {
      expect(await errorOf(setup([json(body)]).ownPorts(uuid(2), forever))).toBeInstanceOf(NoAnswer);
    },
  );

  it('are asked for again when Neutron is down for a moment', async () => {
    const networks = setup([html(503), json({ ports: [] })]);
    await expect(networks.ownPorts(uuid(2), forever)).resolves.toEqual([]);
  });
});

describe('a port that is made', () => {
  const wanted = { networkId: uuid(1), name: 'web', deploymentId: uuid(2), description: 'x', address: '10.30.0.150' };

  it('carries our marks', async () => {
    await expect(setup([json({ port: wire() }, { status: 201 })]).create(wanted, forever)).resolves.toEqual(port);
    expect(service.seen).toMatchObject([
      {
        method: 'POST',
        path: '/v2.0/ports',
        body: {
          port: {
            network_id: uuid(1),
            name: 'web',
            device_id: uuid(2),
            device_owner: 'ironic-mcp',
            description: 'x',
            'binding:vnic_type': 'baremetal',
            fixed_ips: [{ ip_address: '10.30.0.150' }],
          },
        },
      },
    ]);
  });

  it.each([
    ['n104b-port-fixed-ip-taken', 'invalid', /^IP address 10\.30\.0\.150 already allocated in subnet/],
    ['n104c-port-fixed-ip-outside', 'invalid', /is not a valid IP for any of the subnets/],
    ['n105c-port-net-unknown', 'not_found', /could not be found/],
    ['n105e-port-no-net', 'invalid', /Required attribute 'network_id' not specified/],
  ])('is refused for certain, as in %s', async (name, refusal, words) => {
    const error = await errorOf(setup([recorded(name)]).create(wanted, forever));
    expect(error).toBeInstanceOf(Refused);
    expect(error).toMatchObject({ refusal, words: expect.stringMatching(words), by: 'Neutron' });
    expect((error as Refused).reason).toMatch(/^Neutron says: "/);
  });

  it.each<[string, Reply]>([
    ['a page of something on the way', html(502)],
    ['an error', json({ NeutronError: { type: 'X', message: 'down', detail: '' } }, { status: 500 })],
    ['a page as if all were well', html(200)],
    ['half an answer', json({ port: {} }, { status: 201 })],
    ['a conflict that is not Neutrons', html(409)],
  ])('may have been made after %s, and is not asked for twice', async (_, reply) => {
    expect(await errorOf(setup([reply]).create(wanted, forever))).toMatchObject({
      name: 'NoAnswer',
      mayHaveTakenEffect: true,
    });
    expect(service.seen).toHaveLength(1);
  });
});

describe('a port that is changed or removed only as it was read', () => {
  const conditions: (string | null)[] = [];
  const noting =
    (reply: Reply): Reply =>
    (request) => {
      conditions.push(request.headers.get('if-match'));
      return reply(request);
    };

  it.each(['n150c-delete-if-match', 'n161b-delete-unknown'])('is gone after %s', async (name) => {
    conditions.length = 0;
    await expect(setup([noting(recorded(name))]).remove(port, forever)).resolves.toBeUndefined();
    expect(conditions).toEqual(['revision_number=9']);
  });

  it('stays when it has changed since', async () => {
    const reply = recorded('n150b-delete-if-match-old');
    expect(await errorOf(setup([reply]).remove(port, forever))).toMatchObject({ refusal: 'taken' });
    expect(await errorOf(setup([reply]).describe(port, 'y', forever))).toMatchObject({ refusal: 'taken' });
  });

  it('may be there still after a page of something on the way', async () => {
    expect(await errorOf(setup([html(200)]).remove(port, forever))).toBeInstanceOf(NoAnswer);
    expect(await errorOf(setup([html(404)]).remove(port, forever))).toBeInstanceOf(NoAnswer);
  });

  it('gets another description', async () => {
    const networks = setup([json({ port: wire({ description: 'y', revision_number: 10 }) })]);
    await expect(networks.describe(port, 'y', forever)).resolves.toMatchObject({ description: 'y', revision: 10 });
    expect(service.seen).toMatchObject([
      { method: 'PUT', path: `/v2.0/ports/${port.id}`, body: { port: { description: 'y' } } },
    ]);
  });
});
