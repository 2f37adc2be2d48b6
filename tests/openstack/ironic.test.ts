import { describe, expect, it } from 'vitest';
import { NoAnswer, Refused, type Reservation } from '../../src/core/ports.js';
import { createIronic } from '../../src/openstack/ironic.js';
import { uuid } from '../core/fake-bare-metal.js';
import { createFakeClock, start } from '../core/fake-clock.js';
import faults from '../golden/ironic-faults.json' with { type: 'json' };
import { justSeen, plainStart } from '../support/last-look.js';
import { broken, createService, fault, forever, html, httpTo, json, type Reply, stalled, text } from './lab.js';

const service = createService('http://ironic.test');
const id = uuid(1);

const node = {
  uuid: id,
  name: 'bm-1',
  provision_state: 'available',
  instance_uuid: null,
  instance_info: {},
  maintenance: false,
};

const reservation: Reservation = {
  deploymentId: uuid(9),
  attemptId: uuid(10),
  entry: { started_at: '2026-11-22T08:00:00Z', image: 'ubuntu-24.04', digest: 'abc' },
  instanceInfo: { image_source: uuid(700) },
};

/** The adapter and an Ironic that gives these replies. */
function setup(replies: readonly Reply[], timeout = 5_000) {
  service.replies(...replies);
  const clock = createFakeClock();
  const bareMetal = createIronic({ http: httpTo(service.endpoint, { timeout }), clock, random: () => 0 });
  return { bareMetal, clock };
}

type BareMetal = ReturnType<typeof setup>['bareMetal'];

/** Every way to change something. */
const changes: readonly (readonly [name: string, call: (bareMetal: BareMetal) => Promise<unknown>])[] = [
  ['reserve', (bareMetal) => bareMetal.reserve(id, reservation, forever)],
  ['deploy', (bareMetal) => bareMetal.deploy(id, plainStart, forever)],
  ['release', (bareMetal) => bareMetal.release(id, reservation, forever)],
  ['undeploy', (bareMetal) => bareMetal.undeploy(id, justSeen, forever)],
];

/** Every way to read something. */
const reads: readonly (readonly [name: string, call: (bareMetal: BareMetal) => Promise<unknown>])[] = [
  ['find', (bareMetal) => bareMetal.find(id, forever)],
  ['listFree', (bareMetal) => bareMetal.listFree({}, undefined, forever)],
  ['findByDeployment', (bareMetal) => bareMetal.findByDeployment(uuid(9), forever)],
];

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('the record of errors of one server', () => {
  const history = [
    { created_at: '2026-11-22T08:03:34+00:00', severity: 'ERROR', event_type: 'deploying', event: 'no' },
  ];

  it('takes one request, with the full texts', async () => {
    const { bareMetal } = setup([json({ history })]);
    await expect(bareMetal.errors(id, forever)).resolves.toMatchObject([{ work: 'deploying', words: 'no' }]);
    expect(service.seen).toMatchObject([{ method: 'GET', path: `/v1/nodes/${id}/history?detail=true` }]);
  });

  it('is not read a second time', async () => {
    const { bareMetal } = setup([fault(503, 'busy'), json({ history })]);
    expect(await errorOf(bareMetal.errors(id, forever))).toBeDefined();
    expect(service.seen).toHaveLength(1);
  });

  it.each([
    ['that refuses', fault(403, 'no'), Refused],
    ['that has none', fault(404, 'Node bm-1 could not be found.'), Refused],
    ['with an invalid answer', json({}), NoAnswer],
  ])('is not available from an Ironic %s', async (_, reply, error) => {
    const { bareMetal } = setup([reply]);
    expect(await errorOf(bareMetal.errors(id, forever))).toBeInstanceOf(error);
  });

  it('is not read if Ironic is too old to have one', async () => {
    const headers = {
      'x-openstack-ironic-api-minimum-version': '1.1',
      'x-openstack-ironic-api-maximum-version': '1.77',
    };
    const { bareMetal } = setup([fault(406, 'no', headers), json(node)]);
    await bareMetal.find('bm-1', forever);
    await expect(bareMetal.errors(id, forever)).resolves.toEqual([]);
    expect(service.seen).toHaveLength(2);
  });
});

describe('reading one server', () => {
  it('takes one request with the necessary fields', async () => {
    const { bareMetal } = setup([json(node)]);
    await expect(bareMetal.find('bm-1', forever)).resolves.toMatchObject({ id, name: 'bm-1' });
    expect(service.seen).toMatchObject([{ method: 'GET', version: '1.78', body: undefined }]);
    expect(service.seen[0]?.path).toMatch(/^\/v1\/nodes\/bm-1\?fields=uuid%2Cname%2C.*retired%2Clessee$/);
  });

  it('returns null if there is none', async () => {
    const { bareMetal } = setup([fault(404, 'Node bm-1 could not be found.')]);
    await expect(bareMetal.find('bm-1', forever)).resolves.toBeNull();
  });

  it('ignores the case of a name, as some databases do', async () => {
    const { bareMetal } = setup([json(node)]);
    await expect(bareMetal.find('BM-1', forever)).resolves.toMatchObject({ id });
    await expect(bareMetal.find(id.toUpperCase(), forever)).resolves.toMatchObject({ id });
  });

  it.each(['bm-2', uuid(2)])('gives no answer if Ironic returns another server than %s', async (ref) => {
    const { bareMetal } = setup([json(node)]);
    expect(await errorOf(bareMetal.find(ref, forever))).toMatchObject({
      name: 'NoAnswer',
      words: expect.stringContaining('about another server'),
    });
  });

  it('gives no answer if Ironic returns another server than the reserved one, or another deployment', async () => {
    const other = { ...node, uuid: uuid(2), instance_uuid: uuid(8) };
    const reserved = await errorOf(setup([json(other)]).bareMetal.reserve(id, reservation, forever));
    expect(reserved).toMatchObject({ name: 'NoAnswer', mayHaveTakenEffect: true });
    const { bareMetal } = setup([json({ nodes: [other] })]);
    expect(await errorOf(bareMetal.findByDeployment(uuid(9), forever))).toBeInstanceOf(NoAnswer);
  });

  it.each(['-'.repeat(36), 'a'.repeat(32), `${uuid(1)}\n`, '../../v1'])('does not treat %j as an id', async (other) => {
    const { bareMetal } = setup([json({ ...node, uuid: other })]);
    expect(await errorOf(bareMetal.find('bm-1', forever))).toBeInstanceOf(NoAnswer);
  });

  it('is not fooled by the 404 of a proxy', async () => {
    const { bareMetal } = setup([html(404)]);
    expect(await errorOf(bareMetal.find('bm-1', forever))).toBeInstanceOf(NoAnswer);
  });

  it.each(['bm-1', 'rack.1_a~b', uuid(1), '...', '-'])('puts %s into the path unchanged', async (ref) => {
    const { bareMetal } = setup([json(ref === id ? node : { ...node, name: ref })]);
    await bareMetal.find(ref, forever);
    expect(service.seen[0]?.path.split('?')[0]).toBe(`/v1/nodes/${ref}`);
  });

  it.each([
    '',
    '.',
    '..',
    'a/b',
    'a\\b',
    '%2f',
    '%2e%2e',
    'a?b',
    'a#b',
    'bäm',
    'a b',
    'a\n',
    '\ud800',
    'x'.repeat(10_000),
  ])('sends no request for %j, which cannot be a name', async (ref) => {
    const { bareMetal } = setup([json(node)]);
    await expect(bareMetal.find(ref, forever)).resolves.toBeNull();
    for (const change of [
      bareMetal.reserve(ref, reservation, forever),
      bareMetal.deploy(ref, plainStart, forever),
      bareMetal.release(ref, reservation, forever),
      bareMetal.undeploy(ref, justSeen, forever),
    ]) {
      expect(await errorOf(change)).toMatchObject({ refusal: 'not_found' });
    }
    expect(service.seen).toEqual([]);
  });
});

describe('listing the servers that are free', () => {
  it('takes one filtered request for at most 80', async () => {
    const { bareMetal } = setup([json({ nodes: [node, { ...node, uuid: uuid(2) }] })]);
    const { servers } = await bareMetal.listFree({ resourceClass: 'a&b=c' }, undefined, forever);
    expect(servers.map((server) => server.id)).toEqual([id, uuid(2)]);
    const url = new URL(service.seen[0]?.path ?? '', service.endpoint);
    expect(url.pathname).toBe('/v1/nodes');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      provision_state: 'available',
      associated: 'false',
      maintenance: 'false',
      resource_class: 'a&b=c',
      limit: '80',
    });
    expect(url.searchParams.get('fields')).not.toContain('driver_internal_info');
  });

  it('filters by conductor group, and goes on after the last server, with all filters, in longer pages', async () => {
    const { bareMetal } = setup([
      json({ nodes: [node], next: 'http://ironic.test/v1/nodes?marker=x' }),
      json({ nodes: [] }),
    ]);
    const filter = { resourceClass: 'a', conductorGroup: 'rack-1' };
    const { next } = await bareMetal.listFree(filter, undefined, forever);
    expect(next).toBe(id);
    await expect(bareMetal.listFree(filter, next ?? '', forever)).resolves.toEqual({ servers: [], next: null });
    const [first, second] = service.seen.map(({ path }) =>
      Object.fromEntries(new URL(path, service.endpoint).searchParams),
    );
    expect(first).toMatchObject({ provision_state: 'available', resource_class: 'a', conductor_group: 'rack-1' });
    expect(second).toEqual({ ...first, limit: '1000', marker: id });
  });

  it('names no class if any will do', async () => {
    const { bareMetal } = setup([json({ nodes: [] })]);
    await expect(bareMetal.listFree({}, undefined, forever)).resolves.toEqual({ servers: [], next: null });
    expect(service.seen[0]?.path).not.toContain('resource_class=');
  });

  it.each([[{}], [{ nodes: {} }], [[node]], [{ nodes: [node, { uuid: id }] }], [null], ['nodes'], [7]])(
    'cannot read %j',
    async (body) => {
      const { bareMetal } = setup([json(body)]);
      expect(await errorOf(bareMetal.listFree({}, undefined, forever))).toMatchObject({
        name: 'NoAnswer',
        words: "Ironic's answer cannot be read (HTTP status 200)",
      });
    },
  );
});

describe('undeploying a server', () => {
  it('takes one request that has only the target', async () => {
    const { bareMetal } = setup([text('', 202)]);
    await expect(bareMetal.undeploy(id, justSeen, forever)).resolves.toEqual({ kind: 'accepted' });
    expect(service.seen).toMatchObject([
      { method: 'PUT', path: `/v1/nodes/${id}/states/provision`, body: { target: 'deleted' } },
    ]);
  });
});

const stateIn = (request: Request) => new URL(request.url).searchParams.get('provision_state') ?? '';

describe('listing the servers that are being deployed', () => {
  it('takes one request for each state, for servers in use', async () => {
    const of = (request: Request) => json({ nodes: [{ ...node, name: stateIn(request) }] })(request);
    const { bareMetal } = setup([of]);
    const servers = await bareMetal.listReservedOrDeploying(forever);
    expect(servers.map(({ name }) => name)).toEqual(['available', 'deploying', 'wait call-back', 'deploy hold']);
    for (const { path } of service.seen) {
      expect(Object.fromEntries(new URL(path, service.endpoint).searchParams)).toMatchObject({
        associated: 'true',
        limit: '1000',
        fields: expect.stringMatching(/provision_state.*instance_uuid,instance_info/),
      });
    }
  });

  it('skips the newest states on an Ironic that does not know them', async () => {
    const unknown = fault(400, 'Provision state "deploy hold" is not valid');
    const { bareMetal } = setup([
      (request) => (stateIn(request) === 'deploy hold' ? unknown(request) : json({ nodes: [node] })(request)),
    ]);
    expect(await bareMetal.listReservedOrDeploying(forever)).toHaveLength(3);
  });

  it('does not treat any other refusal as an empty list', async () => {
    const { bareMetal } = setup([fault(400, 'Field(s) "instance_info" are not valid')]);
    expect(await errorOf(bareMetal.listReservedOrDeploying(forever))).toMatchObject({ refusal: 'invalid' });
  });
});

describe('listing the servers in the middle of a deployment', () => {
  it('takes one request for each state, with the fields of a deployment', async () => {
    const of = (request: Request) =>
      json({ nodes: [{ ...node, provision_state: stateIn(request), deploy_step: { step: 'write_image' } }] })(request);
    const { bareMetal } = setup([of]);
    const servers = await bareMetal.listInDeployment(forever);
    expect(servers.map(({ step }) => step?.name)).toEqual(['write_image', 'write_image']);
    const asked = service.seen.map(({ path }) => new URL(path, service.endpoint).searchParams);
    expect(asked.map((query) => query.get('provision_state'))).toEqual(['deploying', 'wait call-back']);
    for (const query of asked) {
      expect(query.get('limit')).toBe('500');
      expect(query.get('fields')).toMatch(/deploy_step,clean_step,driver_internal_info/);
    }
  });

  it('goes on to the last page', async () => {
    const of = (request: Request) => {
      const second = new URL(request.url).searchParams.has('marker');
      const shown = second ? uuid(2) : id;
      return json({
        nodes: [{ ...node, uuid: shown, provision_state: stateIn(request) }],
        next: second ? null : 'more',
      })(request);
    };
    const { bareMetal } = setup([of]);
    const servers = await bareMetal.listInDeployment(forever);
    expect(servers.map((server) => [server.provisionState, server.id])).toEqual([
      ['deploying', id],
      ['deploying', uuid(2)],
      ['wait call-back', id],
      ['wait call-back', uuid(2)],
    ]);
  });

  it('gives no answer if one of them cannot be read', async () => {
    const { bareMetal } = setup([json({ nodes: [{}] })]);
    expect(await errorOf(bareMetal.listInDeployment(forever))).toMatchObject({ name: 'NoAnswer' });
  });
});

describe('the server that carries a deployment', () => {
  it('is asked for by its id', async () => {
    const { bareMetal } = setup([json({ nodes: [{ ...node, instance_uuid: uuid(9) }] })]);
    await expect(bareMetal.findByDeployment(uuid(9), forever)).resolves.toMatchObject({ id, deploymentId: uuid(9) });
    expect(service.seen[0]?.path).toContain(`/v1/nodes?instance_uuid=${uuid(9)}&fields=`);
  });

  it('is null if there is none', async () => {
    const { bareMetal } = setup([json({ nodes: [] })]);
    await expect(bareMetal.findByDeployment(uuid(9), forever)).resolves.toBeNull();
  });
});

describe('reserving a server', () => {
  it('takes one patch and returns the server after it', async () => {
    const { bareMetal } = setup([json({ ...node, instance_uuid: uuid(9) })]);
    await expect(bareMetal.reserve(id, reservation, forever)).resolves.toMatchObject({ deploymentId: uuid(9) });
    expect(service.seen).toMatchObject([
      {
        method: 'PATCH',
        path: `/v1/nodes/${id}`,
        body: [
          { op: 'add', path: '/instance_uuid', value: uuid(9) },
          { op: 'add', path: '/instance_info', value: { image_source: uuid(700) } },
        ],
      },
    ]);
  });

  it('gives no answer if that cannot be read, and may have taken effect', async () => {
    const { bareMetal } = setup([json({ uuid: id })]);
    expect(await errorOf(bareMetal.reserve(id, reservation, forever))).toMatchObject({
      name: 'NoAnswer',
      mayHaveTakenEffect: true,
    });
  });
});

describe('starting a deployment', () => {
  it('takes one request with the config drive', async () => {
    const { bareMetal } = setup([() => new Response(null, { status: 202 })]);
    const drive = { meta_data: { hostname: 'web-1' }, user_data: '#!/bin/sh\n' };
    await expect(bareMetal.deploy(id, { ...plainStart, configDrive: drive }, forever)).resolves.toEqual({
      kind: 'accepted',
    });
    expect(service.seen).toMatchObject([
      { method: 'PUT', path: `/v1/nodes/${id}/states/provision`, body: { target: 'active', configdrive: drive } },
    ]);
  });

  it('leaves out the config drive if there is none', async () => {
    const { bareMetal } = setup([() => new Response(null, { status: 202 })]);
    await bareMetal.deploy(id, plainStart, forever);
    expect(service.seen[0]?.body).toEqual({ target: 'active' });
  });

  it('treats an image that Ironic cannot resolve as refused data, not as an outage', async () => {
    const { bareMetal } = setup([fault(500, 'Validation of image href nonsense failed, reason: no such scheme')]);
    expect(await errorOf(bareMetal.deploy(id, plainStart, forever))).toMatchObject({
      name: 'Refused',
      refusal: 'invalid',
    });
  });

  it.each([400, 404])('treats a missing conductor as a busy Ironic (HTTP status %i)', async (status) => {
    const { bareMetal } = setup([fault(status, 'No valid host was found. Reason: No conductor service registered')]);
    expect(await errorOf(bareMetal.deploy(id, plainStart, forever))).toMatchObject({ refusal: 'busy' });
  });

  it.each([
    [413, 'Request body too large', 'invalid'],
    [400, 'JSON nested too deep', 'invalid'],
  ])('treats a body that is too large or too deep as refused data', async (status, words, refusal) => {
    const { bareMetal } = setup([json({ faultstring: words }, { status })]);
    expect(await errorOf(bareMetal.deploy(id, plainStart, forever))).toMatchObject({ refusal, words });
  });

  it('treats a request that is too large for a proxy as refused, because the proxy did not pass it on', async () => {
    const { bareMetal } = setup([html(413)]);
    expect(
      await errorOf(bareMetal.deploy(id, { ...plainStart, configDrive: { user_data: 'x' } }, forever)),
    ).toMatchObject({
      refusal: 'invalid',
      words: expect.stringMatching(/^something in front of Ironic.*\(HTTP status 413\).*config drive/),
      by: 'us',
    });
  });
});

describe('releasing a server', () => {
  it('takes one patch that begins with our own entry', async () => {
    const { bareMetal } = setup([json(node)]);
    await expect(bareMetal.release(id, reservation, forever)).resolves.toBeUndefined();
    expect(service.seen).toMatchObject([
      {
        method: 'PATCH',
        path: `/v1/nodes/${id}`,
        body: [{ op: 'remove' }, { op: 'remove', path: '/instance_uuid' }, { op: 'replace', path: '/instance_info' }],
      },
    ]);
  });

  it.each<[string, Reply]>([
    ['the server is gone', fault(404, 'Node could not be found.')],
    [
      'our entry is gone',
      fault(
        400,
        `Couldn't apply patch '{'op': 'remove', 'path': '/instance_info/ironic_mcp/a'}'. Reason: can't remove a non-existent object 'a'`,
      ),
    ],
    [
      'somebody else has described it',
      fault(
        400,
        `Couldn't apply patch '{'op': 'remove', 'path': '/instance_info/ironic_mcp/a'}'. Reason: member 'ironic_mcp' not found in {'image_source': 'b'}`,
      ),
    ],
  ])('succeeds if %s', async (_, reply) => {
    const { bareMetal } = setup([reply]);
    await expect(bareMetal.release(id, reservation, forever)).resolves.toBeUndefined();
    expect(service.seen).toHaveLength(1);
  });

  it.each<[Reply, string]>([
    [fault(400, 'Schema error for patch'), 'invalid'],
    [fault(409, 'Node bm-1 is locked by host c1, please retry after the current operation is completed.'), 'locked'],
    [fault(409, 'Node bm-1 can not be updated while a state transition is in progress.'), 'wrong_state'],
    [fault(403, 'no'), 'forbidden'],
  ])('is refused otherwise (%#)', async (reply, refusal) => {
    const { bareMetal } = setup([reply]);
    expect(await errorOf(bareMetal.release(id, reservation, forever))).toMatchObject({ refusal });
  });
});

describe('a page of all servers', () => {
  it('starts after the last id of the page before', async () => {
    const { bareMetal } = setup([json({ nodes: [node] })]);
    await expect(bareMetal.list({}, undefined, forever)).resolves.toMatchObject({ servers: [{ id }] });
    await bareMetal.list({}, uuid(5), forever);
    const queries = service.seen.map(({ path }) => new URL(path, service.endpoint).searchParams);
    expect(queries.map((query) => [query.get('limit'), query.get('marker')])).toEqual([
      ['1000', null],
      ['1000', uuid(5)],
    ]);
    // Ironic's links to the next page drop the filters.
    expect(queries[0]?.get('provision_state')).toBeNull();
  });
});

describe('the network of a server', () => {
  const attached = (...ids: string[]) =>
    json({ ports: ids.map((each) => ({ address: '52:54:00:ab:00:01', internal_info: { tenant_vif_port_id: each } })) });
  const noContent: Reply = () => new Response(null, { status: 204 });
  const conflict = fault(409, 'Unable to attach VIF because VIF is already attached to Ironic Node');

  it('has its cards read, with the Neutron ports that are attached to them', async () => {
    const { bareMetal } = setup([
      json({
        ports: [
          { address: '52:54:00:AB:00:01', pxe_enabled: true, internal_info: { tenant_vif_port_id: uuid(801) } },
          { address: '52:54:00:ab:00:02', internal_info: {} },
        ],
      }),
    ]);
    await expect(bareMetal.cards(id, forever)).resolves.toEqual([
      { mac: '52:54:00:ab:00:01', pxe: true, vif: uuid(801), kind: 'single' },
      { mac: '52:54:00:ab:00:02', pxe: false, vif: null, kind: 'single' },
    ]);
    expect(service.seen.map(({ path }) => path)).toEqual([
      `/v1/ports?node=${id}&fields=address%2Cinternal_info%2Cpxe_enabled%2Cportgroup_uuid`,
    ]);
  });

  it('has its bonds read where it has any', async () => {
    const { bareMetal } = setup([
      json({ ports: [{ address: '52:54:00:ab:00:01', portgroup_uuid: uuid(900) }] }),
      json({ portgroups: [{ address: null, internal_info: { tenant_vif_port_id: uuid(801) } }] }),
    ]);
    await expect(bareMetal.cards(id, forever)).resolves.toEqual([
      { mac: '52:54:00:ab:00:01', pxe: false, vif: null, kind: 'in a bond' },
      { mac: '', pxe: false, vif: uuid(801), kind: 'bond' },
    ]);
  });

  it.each([[{}], [{ vifs: [{}], ports: [{}] }], [{ ports: [{ address: '$(reboot)' }] }], [[]], [null]])(
    'cannot be read in %j',
    async (body) => {
      const { bareMetal } = setup([json(body)]);
      expect(await errorOf(bareMetal.cards(id, forever))).toBeInstanceOf(NoAnswer);
    },
  );

  it.each(['..', '../states/provision', '$(reboot)', 'a && b', ''])(
    'cannot be read if a port has the id %j, which is dangerous in a path or a shell',
    async (port) => {
      const { bareMetal } = setup([attached(uuid(801), port)]);
      expect(await errorOf(bareMetal.cards(id, forever))).toBeInstanceOf(NoAnswer);
    },
  );

  it('sends no request to detach something that cannot be a port', async () => {
    const { bareMetal } = setup([noContent]);
    expect(await errorOf(bareMetal.detach(id, '..', forever))).toMatchObject({ refusal: 'invalid' });
    expect(service.seen).toEqual([]);
  });

  it('fails with the reason that Ironic gives', async () => {
    const { bareMetal } = setup([fault(403, 'no')]);
    expect(await errorOf(bareMetal.cards(id, forever))).toMatchObject({ refusal: 'forbidden' });
  });

  it('can attach and detach a port', async () => {
    const { bareMetal } = setup([noContent]);
    await bareMetal.attach(id, uuid(801), forever);
    await bareMetal.detach(id, uuid(801), forever);
    expect(service.seen).toMatchObject([
      { method: 'POST', path: `/v1/nodes/${id}/vifs`, body: { id: uuid(801) } },
      { method: 'DELETE', path: `/v1/nodes/${id}/vifs/${uuid(801)}`, body: undefined },
    ]);
  });

  it('accepts that the port was attached or detached before', async () => {
    await expect(setup([conflict, attached(uuid(801))]).bareMetal.attach(id, uuid(801), forever)).resolves.toBe(
      'recorded',
    );
    const gone = fault(400, 'Unable to detach VIF from node, because it is not attached to it.');
    await expect(setup([gone, attached()]).bareMetal.detach(id, uuid(801), forever)).resolves.toBeUndefined();
  });

  it('refuses otherwise, with the first reason', async () => {
    const { bareMetal } = setup([conflict, attached(uuid(802))]);
    expect(await errorOf(bareMetal.attach(id, uuid(801), forever))).toMatchObject({ name: 'Refused' });
    const locked = fault(409, 'Node is locked by host c1, please retry after the current operation is completed.');
    const other = setup([locked, attached(uuid(801))]).bareMetal;
    expect(await errorOf(other.detach(id, uuid(801), forever))).toMatchObject({ refusal: 'locked' });
  });
});

describe('a port that Ironic does not attach', () => {
  const port = uuid(801);
  const attachment = (...replies: Reply[]) => errorOf(setup(replies).bareMetal.attach(id, port, forever));
  const attached = (...ids: string[]) =>
    json({ ports: ids.map((each) => ({ address: '52:54:00:ab:00:01', internal_info: { tenant_vif_port_id: each } })) });

  // The texts of ironic/common/neutron.py and ironic/drivers/modules/network/common.py, with status 500 all of them.
  const ofNeutron = [
    `Unable to attach VIF ${port} because Ironic can not update Neutron port ${port} MAC address to match physical MAC address 52:54:00:00:00:01`,
    `The neutron port ${port} was not found when we expect it to exist. We cannot proceed.`,
    `An unknown error was encountered while attempting to retrieve neutron port ${port}. Error: no`,
    `Unable to clear binding profile for neutron port ${port}. Error: no`,
    `Could not seed network configuration for VIF ${port}to node ${id}, possible network, state, or access permission issue. no`,
  ];

  // The texts of ironic/common/neutron.py and ironic/drivers/modules/network/common.py, with status 500 all of them.
  it('is refused, as it does not suit', async () => {
    const words = `Port group ${uuid(3)} has member ports with inconsistent physical networks (a, b). All ports in a port group must have the same physical network.`;
    expect(await attachment(fault(500, words), attached())).toMatchObject({ refusal: 'invalid', words });
  });

  it.each(ofNeutron)('was not attached, though the same may work in a moment: %s', async (words) => {
    expect(await attachment(fault(500, words), attached())).toMatchObject({
      name: 'NoAnswer',
      mayHaveTakenEffect: false,
    });
  });

  it.each([
    ...ofNeutron.map((words): [string, Reply] => [words, fault(500, words)]),
    ['is already attached', fault(409, `Unable to attach VIF because VIF ${port} is already attached to Ironic Port`)],
  ])('is attached where Ironic has noted it, whatever it says: %s', async (_, reply) => {
    const { bareMetal } = setup([reply, attached(port)]);
    await expect(bareMetal.attach(id, port, forever)).resolves.toBe('recorded');
  });

  it.each(['neutron port', 'neutron subnet', 'neutron segment', 'network'])(
    'is not attached if Neutron says nothing about its %s',
    async (what) => {
      const down = fault(500, `Could not retrieve ${what}: Unable to establish connection to http://neutron:9696`);
      expect(await attachment(down, attached())).toMatchObject({ name: 'NoAnswer', mayHaveTakenEffect: false });
    },
  );

  it.each<[string, Reply]>([
    ['an error that does not mention it', fault(500, 'Timed out waiting for a reply to message ID 7')],
    ['a page of a proxy', html(504)],
  ])('may still be attached after %s', async (_, reply) => {
    expect(await attachment(reply, attached())).toMatchObject({ name: 'NoAnswer', mayHaveTakenEffect: true });
  });

  it('may still be attached if the ports cannot be read either', async () => {
    const cause = Object.assign(new Error('nobody listens'), { code: 'ECONNREFUSED', syscall: 'connect' });
    const fetch = async (request: Request) => {
      if (request.method === 'POST') return html(504)(request);
      throw new TypeError('fetch failed', { cause });
    };
    const http = httpTo(service.endpoint, { fetch });
    const bareMetal = createIronic({ http, clock: createFakeClock(), random: () => 0 });
    expect(await errorOf(bareMetal.attach(id, port, forever))).toMatchObject({
      words: expect.stringContaining('HTTP status 504'),
      mayHaveTakenEffect: true,
    });
  });
});

describe('what Ironic really answered', () => {
  const ofIronic = faults.filter((recorded) => recorded.service === 'ironic');

  it.each(ofIronic)('in $file ($status) means $refusal', async ({ status, body, words, refusal }) => {
    const { bareMetal } = setup([text(body, status)]);
    const error = await errorOf(bareMetal.deploy(id, plainStart, forever));
    if (refusal === null) {
      expect(error).toBeInstanceOf(NoAnswer);
      expect(error).toMatchObject({ mayHaveTakenEffect: true });
      // In our own quotation marks.
      expect((error as NoAnswer).words).toContain(words.replaceAll('"', "'"));
    } else {
      expect(error).toBeInstanceOf(Refused);
      expect(error).toMatchObject({ refusal, words });
    }
  });
});

describe('what no Ironic would answer', () => {
  const strange: readonly (readonly [name: string, reply: Reply])[] = [
    ['a page with status 200', html(200)],
    ['a page with status 404', html(404)],
    ['a page with status 409', html(409)],
    ['a page with status 503', html(503, { 'retry-after': '0' })],
    ['half a JSON', text('{"uuid": "6cbb')],
    ['an empty answer', text('')],
    ['an empty 500', text('', 500)],
    ['null', text('null')],
    ['a redirect', () => new Response(null, { status: 302, headers: { location: 'http://elsewhere.test/' } })],
    ['a broken connection', broken],
  ];

  it.each(strange)('is no answer to a read: %s', async (_, reply) => {
    for (const [, call] of reads) {
      const { bareMetal } = setup([reply]);
      expect(await errorOf(call(bareMetal))).toBeInstanceOf(NoAnswer);
    }
  });

  it.each(strange)('is no answer to a reservation, which may have taken effect: %s', async (_, reply) => {
    const { bareMetal } = setup([reply]);
    expect(await errorOf(bareMetal.reserve(id, reservation, forever))).toMatchObject({
      name: 'NoAnswer',
      mayHaveTakenEffect: true,
    });
    expect(service.seen).toHaveLength(1);
  });

  it.each(strange)('is no answer to a start or an end, which may have taken effect: %s', async (_, reply) => {
    for (const [, call] of changes.filter(([name]) => name.endsWith('deploy'))) {
      const { bareMetal } = setup([reply]);
      expect(await errorOf(call(bareMetal))).toMatchObject({ name: 'NoAnswer', mayHaveTakenEffect: true });
    }
    expect(service.seen).toHaveLength(2);
  });
});

describe('reads', () => {
  const good: Readonly<Record<string, Reply>> = {
    find: json(node),
    listFree: json({ nodes: [node] }),
    findByDeployment: json({ nodes: [{ ...node, instance_uuid: uuid(9) }] }),
  };
  const busy = fault(503, 'Resource temporarily unavailable, please retry.');

  it.each(reads)('are repeated if they get lost: %s', async (name, call) => {
    const { bareMetal, clock } = setup([broken, busy, good[name] ?? broken]);
    expect(await call(bareMetal)).toBeTruthy();
    expect(service.seen).toHaveLength(3);
    expect(clock.sleeps).toEqual([100, 200]);
  });

  it.each(reads)('are tried three times at most: %s', async (_, call) => {
    const { bareMetal } = setup([broken]);
    expect(await errorOf(call(bareMetal))).toBeInstanceOf(NoAnswer);
    expect(service.seen).toHaveLength(3);
  });

  it.each(reads)('are not repeated if they are refused: %s', async (_, call) => {
    for (const status of [400, 401, 403]) {
      const { bareMetal } = setup([fault(status, 'no')]);
      expect(await errorOf(call(bareMetal))).toBeInstanceOf(Error);
    }
    expect(service.seen).toHaveLength(3);
  });

  it.each(reads)('share one deadline among their repetitions: %s', async (_, call) => {
    const { bareMetal, clock } = setup([stalled], 50);
    expect(await errorOf(call(bareMetal))).toMatchObject({ words: 'Ironic did not answer within 0.05 s' });
    expect(service.seen).toHaveLength(1);
    expect(clock.sleeps).toEqual([]);
  });

  it('end when the caller leaves', async () => {
    const controller = new AbortController();
    const reason = new Error('the caller left');
    const { bareMetal } = setup([
      (request) => {
        controller.abort(reason);
        return stalled(request);
      },
    ]);
    expect(await errorOf(bareMetal.find(id, controller.signal))).toBe(reason);
    expect(service.seen).toHaveLength(1);
  });

  it('end when the caller leaves between two tries', async () => {
    const controller = new AbortController();
    const reason = new Error('the caller left');
    const { bareMetal, clock } = setup([broken]);
    clock.meanwhile = () => controller.abort(reason);
    expect(await errorOf(bareMetal.find(id, controller.signal))).toBe(reason);
    expect(service.seen).toHaveLength(1);
  });
});

describe('changes', () => {
  it.each(changes)('are never repeated: %s', async (_, call) => {
    for (const reply of [
      broken,
      html(503, { 'retry-after': '0' }),
      fault(503, 'Resource temporarily unavailable, please retry.'),
      fault(409, 'Node is locked by host c1, please retry after the current operation is completed.'),
      text('', 500),
    ]) {
      const before = service.seen.length;
      const { bareMetal, clock } = setup([reply]);
      expect(await errorOf(call(bareMetal))).toBeInstanceOf(Error);
      expect(service.seen.length - before).toBe(1);
      expect(clock.sleeps).toEqual([]);
    }
  });

  it.each(changes.filter(([name]) => name !== 'deploy'))(
    'have a deadline that covers the body of the answer: %s',
    async (_, call) => {
      const { bareMetal } = setup([stalled], 50);
      expect(await errorOf(call(bareMetal))).toMatchObject({
        words: 'Ironic did not answer within 0.05 s',
        mayHaveTakenEffect: true,
      });
    },
  );
});

describe('an Ironic of another version', () => {
  const range = (oldest: string, newest: string) => ({
    'x-openstack-ironic-api-minimum-version': oldest,
    'x-openstack-ironic-api-maximum-version': newest,
  });

  /** Supports the versions up to a newest one. It refuses newer versions and their fields. */
  const ironicUpTo =
    (newest: number): Reply =>
    (request) => {
      const asked = Number(request.headers.get('x-openstack-ironic-api-version')?.replace('1.', ''));
      const headers = range('1.1', `1.${newest}`);
      if (asked > newest) return fault(406, `Version 1.${asked} was requested`, headers)(request);
      const fields = new URL(request.url).searchParams.get('fields') ?? '';
      const tooNew = (fields.includes('retired') && asked < 61) || (fields.includes('lessee') && asked < 65);
      if (tooNew) return fault(406, 'Request not acceptable.', headers)(request);
      const isList = new URL(request.url).pathname === '/v1/nodes';
      const status = request.method === 'PUT' ? 202 : 200;
      return json(isList ? { nodes: [{ ...node, instance_uuid: uuid(9) }] } : node, { headers, status })(request);
    };

  it.each([59, 60, 61, 64, 65, 77])(
    'with 1.%i as its newest version gets that version from the first call on',
    async (newest) => {
      for (const [, call] of [...reads, ...changes]) {
        const before = service.seen.length;
        const { bareMetal } = setup([ironicUpTo(newest)]);
        expect(await errorOf(call(bareMetal))).toBeUndefined();
        expect(service.seen.slice(before).map(({ version }) => version)).toEqual(['1.78', `1.${newest}`]);
        expect(await errorOf(call(bareMetal))).toBeUndefined();
        expect(service.seen.length - before).toBe(3);
      }
    },
  );

  it('with 1.60 as its newest version answers several calls at the same moment', async () => {
    for (const [, call] of [...reads, ...changes]) {
      const { bareMetal } = setup([ironicUpTo(60)]);
      expect(await Promise.all([1, 2, 3].map(() => errorOf(call(bareMetal))))).toEqual(Array(3).fill(undefined));
      expect(bareMetal.apiVersion()).toBe('1.60');
    }
  });

  it('with 1.78 and newer versions gets 1.78', async () => {
    const { bareMetal } = setup([ironicUpTo(82)]);
    await bareMetal.find(id, forever);
    expect(service.seen.map(({ version }) => version)).toEqual(['1.78']);
    expect(bareMetal.apiVersion()).toBe('1.78');
  });

  it('with 1.58 as its newest version is too old', async () => {
    for (const [, call] of [...reads, ...changes]) {
      const { bareMetal } = setup([ironicUpTo(58)]);
      expect(await errorOf(call(bareMetal))).toMatchObject({
        name: 'Refused',
        refusal: 'too_old',
        words: 'Ironic speaks API 1.58; 1.59 is needed',
        reason: 'Ironic speaks API 1.58; 1.59 is needed',
      });
    }
  });

  it('with only newer versions gets its oldest', async () => {
    const { bareMetal } = setup([fault(406, 'no', range('1.90', '1.120')), json(node)]);
    await expect(bareMetal.find(id, forever)).resolves.toMatchObject({ id });
    expect(service.seen.map(({ version }) => version)).toEqual(['1.78', '1.90']);
  });

  it('that does not say its versions is too old', async () => {
    const { bareMetal } = setup([fault(406, 'Invalid value for X-OpenStack-Ironic-API-Version header')]);
    expect(await errorOf(bareMetal.find(id, forever))).toMatchObject({
      refusal: 'too_old',
      words: 'Invalid value for X-OpenStack-Ironic-API-Version header',
    });
    expect(service.seen).toHaveLength(1);
  });

  it('that refuses its own version is too old, and is not asked forever', async () => {
    const { bareMetal } = setup([fault(406, 'no', range('1.1', '1.60'))]);
    expect(await errorOf(bareMetal.find(id, forever))).toMatchObject({ refusal: 'too_old' });
    expect(service.seen).toHaveLength(2);
  });
});

describe('an Ironic that keeps changing its versions', () => {
  it('is too old, and is not asked forever', async () => {
    const headers = (newest: string) => ({
      'x-openstack-ironic-api-minimum-version': '1.1',
      'x-openstack-ironic-api-maximum-version': newest,
    });
    const { bareMetal } = setup([fault(406, 'no', headers('1.60')), fault(406, 'no', headers('1.62'))]);
    expect(await errorOf(bareMetal.find(id, forever))).toMatchObject({ refusal: 'too_old' });
    expect(service.seen).toHaveLength(2);
  });
});

describe("Ironic's clock", () => {
  it('equals our own before Ironic has answered', () => {
    expect(setup([]).bareMetal.now()).toBe(start);
  });

  it('comes from its latest answer, and runs on', async () => {
    const { bareMetal, clock } = setup([
      json(node, { headers: { date: new Date(start + 90_000).toUTCString() } }),
      json(node, { headers: { date: new Date(start - 30_000).toUTCString() } }),
    ]);
    await bareMetal.find(id, forever);
    expect([bareMetal.now(), bareMetal.latest()]).toEqual([start, start + 90_000]);
    clock.pass(1_500);
    expect([bareMetal.now(), bareMetal.latest()]).toEqual([start + 1_500, start + 91_500]);
    clock.pass(-1_500);
    await bareMetal.find(id, forever);
    expect([bareMetal.now(), bareMetal.latest()]).toEqual([start - 30_000, start]);
  });

  it.each([4, -4])(
    'is distrusted when it differs by %i minutes: both clocks must agree that time has passed',
    async (minutes) => {
      const date = new Date(start + minutes * 60_000).toUTCString();
      const { bareMetal } = setup([json(node, { headers: { date } })]);
      await bareMetal.find(id, forever);
      expect(bareMetal.now()).toBe(Math.min(start, start + minutes * 60_000));
      expect(bareMetal.latest()).toBe(Math.max(start, start + minutes * 60_000));
    },
  );

  it.each([3_600_000, -3_600_000])('counts alone if ours is plainly wrong, by %i ms', async (skew) => {
    const { bareMetal } = setup([json(node, { headers: { date: new Date(start + skew).toUTCString() } })]);
    await bareMetal.find(id, forever);
    expect([bareMetal.now(), bareMetal.latest()]).toEqual([start + skew, start + skew]);
  });

  it('comes from a refusal as well', async () => {
    const { bareMetal } = setup([
      fault(404, 'Node x could not be found.', { date: new Date(start + 5_000).toUTCString() }),
    ]);
    await bareMetal.find(id, forever);
    expect(bareMetal.latest()).toBe(start + 5_000);
  });

  it.each(['yesterday', ''])('ignores the date %j', async (date) => {
    const { bareMetal } = setup([json(node, { headers: { date } })]);
    await bareMetal.find(id, forever);
    expect(bareMetal.now()).toBe(start);
  });
});
