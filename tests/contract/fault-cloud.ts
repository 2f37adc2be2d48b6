import { createChanges } from '../../src/core/async/changes.js';
import { createDeprovisionService } from '../../src/core/deprovision/deprovision.js';
import { createServerService } from '../../src/core/inventory/server-service.js';
import { survey } from '../../src/core/inventory/survey.js';
import { createPolicy } from '../../src/core/policy.js';
import { createProvisionService } from '../../src/core/provision/provision.js';
import { createStatusService } from '../../src/core/status/wait-for-change.js';
import { createAuthenticatedHttp } from '../../src/openstack/authenticated-http.js';
import type { Auth } from '../../src/openstack/credentials.js';
import { createGlance } from '../../src/openstack/glance.js';
import { createHttp } from '../../src/openstack/http.js';
import { createIdempotencyScope } from '../../src/openstack/idempotency-scope.js';
import { createIronic } from '../../src/openstack/ironic.js';
import { createKeystoneSession } from '../../src/openstack/keystone.js';
import { createNeutron } from '../../src/openstack/network/neutron.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import type { Service } from '../../src/openstack/session.js';
import { createSimulator } from '../../src/simulator/cloud.js';
import { imageIds } from '../../src/simulator/seed/seed-images.js';
import { seededRandom } from '../core/setup.js';
import { createFaultScript, kindOf } from '../support/faults/fault-table.js';
import { createFaultyFetch } from '../support/faults/faulty-fetch.js';
import { openPolicy } from '../support/open-policy.js';
import { addPorts } from '../support/tenant-ports.js';
import { createVirtualTime, inVirtualTime } from '../support/virtual-time.js';
import type { NeutronLab } from './fault-lab.js';

const endpoint = 'http://cloud';
// That of the simulated Neutron.
const project = '9cad7ccf0fc74f7d96080797ae98ed58';

/** Neutron ports of somebody. */
export const foreignPorts = ['0fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d', '1fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d'];

const timeout = 30_000;
const user = { name: 'robot', domain: { name: 'Default' } };
export const auth: Extract<Auth, { type: 'keystone' }> = {
  type: 'keystone',
  authUrl: `${endpoint}/identity`,
  identity: { method: 'password', user, password: 'secret' },
  scope: { project: { name: 'machines', domain: { name: 'Default' } } },
  region: undefined,
  interface: 'public',
};

/** Signs everybody in. */
export function keystone(expires: number): Response {
  const endpoints = [{ interface: 'public', region_id: 'one', url: endpoint }];
  const catalog = ['baremetal', 'image', 'network'].map((type) => ({ type, endpoints }));
  const token = { expires_at: new Date(expires).toISOString(), catalog, project: { id: project } };
  return Response.json({ token }, { status: 201, headers: { 'x-subject-token': 'a-token' } });
}

/** The simulated cloud with a Keystone in front, in process and in virtual time. */
export async function createFaultCloud(
  options: {
    readonly networkInterface?: 'flat';
    /** What each request waits for, so that those of two programs come in another order. */
    readonly turn?: () => Promise<void>;
  } = {},
): Promise<NeutronLab> {
  const time = createVirtualTime(timeout);
  const random = seededRandom(20_261_124);
  const simulator = createSimulator({ clock: time, random });
  const { fleet, agenda, images } = simulator.world;
  addPorts(simulator.world, ...foreignPorts);
  const script = createFaultScript();
  const starts: string[] = [];
  const resourceClass = 'baremetal.small';

  async function upstream(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith('/auth/tokens')) return keystone(time.now() + 3_600_000);
    await options.turn?.();
    const response = await simulator.fetch(request);
    if (kindOf(request.method, pathname) === 'start' && response.status === 202) {
      starts.push(pathname.split('/')[3] ?? '');
    }
    return response;
  }

  const lab: NeutronLab = {
    script,
    starts,
    resourceClass,
    images: { first: 'debian-12', firstById: imageIds.debian, second: 'ubuntu-24.04' },
    program() {
      const fetch = createFaultyFetch(upstream, script, time);
      const open = (service: string) => {
        const queue = createRequestQueue(8);
        return (where: string) => inVirtualTime(createHttp({ service, endpoint: where, timeout, queue, fetch }), time);
      };
      const session = createKeystoneSession({ auth, http: open('Keystone')(auth.authUrl), clock: time, overrides: {} });
      const authenticated = (service: Service, name: string) =>
        inVirtualTime(createAuthenticatedHttp({ session, service, at: open(name), timeout }), time);
      const bareMetal = createIronic({ http: authenticated('baremetal', 'Ironic'), clock: time, random });
      const networks = createNeutron({ http: authenticated('network', 'Neutron'), scoped: true, clock: time, random });
      const service = createProvisionService({
        policy: openPolicy,
        bareMetal,
        networks,
        images: createGlance({ http: authenticated('image', 'The image service'), clock: time, random }),
        servers: createServerService({ policy: openPolicy, bareMetal, clock: time, random }),
        changes: createChanges(),
        clock: time,
        random,
        idempotencyScope: createIdempotencyScope({ session, timeout, clock: time, random }),
      });
      const { deprovision } = createDeprovisionService({
        bareMetal,
        networks,
        changes: createChanges(),
        clock: time,
        random,
        policy: createPolicy({ allowDeprovision: true }),
      });
      const status = createStatusService({ policy: openPolicy, bareMetal, networks, clock: time, random });
      return {
        ...service,
        ...status,
        deprovision,
        survey: () => survey(bareMetal, new AbortController().signal, openPolicy),
      };
    },
    async nodes() {
      agenda.catchUp(time.now());
      return fleet.section({ resourceClass }).map(({ uuid, name, provision_state, instance_uuid, instance_info }) => ({
        uuid,
        name: String(name),
        provision_state,
        instance_uuid,
        instance_info: { ...instance_info },
      }));
    },
    configDrive: async (id) => JSON.stringify(fleet.byUuid(id)?.instance_info.configdrive ?? null),
    vifs: async (id) => (fleet.byUuid(id)?.ports ?? []).flatMap(({ vif }) => (vif === null ? [] : [vif])),
    tenantPorts: () =>
      [...simulator.world.tenantPorts.values()].map(({ id, device_id, device_owner, revision }) => ({
        id,
        isOwn: device_owner === 'ironic-mcp',
        deploymentId: device_id,
        revision,
      })),
    sourceOf: (image) => [...images.values()].find(({ id, name }) => id === image || name === image)?.id ?? '',
    async removePorts({ uuid: id, instance_uuid: deploymentId }) {
      const headers = { 'x-openstack-ironic-api-version': '1.78' };
      for (const vif of await lab.vifs(id)) {
        await simulator.fetch(new Request(`${endpoint}/v1/nodes/${id}/vifs/${vif}`, { method: 'DELETE', headers }));
      }
      const { tenantPorts } = simulator.world;
      for (const { id: port, isOwn, deploymentId: of } of lab.tenantPorts()) {
        if (isOwn && of === deploymentId) tenantPorts.delete(port);
      }
    },
    async patch(id, ...patch) {
      const headers = { 'x-openstack-ironic-api-version': '1.78', 'content-type': 'application/json' };
      const init = { method: 'PATCH', headers, body: JSON.stringify(patch) };
      const response = await simulator.fetch(new Request(`${endpoint}/v1/nodes/${id}`, init));
      if (!response.ok) throw new Error(await response.text());
    },
    now: time.now,
    pass: time.pass,
  };
  const free = [...fleet.section({ resourceClass, provisionState: 'available' })];
  for (const [index, node] of free.entries()) {
    fleet.update(
      node,
      {
        network_interface: options.networkInterface ?? 'noop',
        ...(index < 2 ? {} : { instance_uuid: '0fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d' }),
      },
      time.now(),
    );
  }
  return lab;
}
