import { randomUUID } from 'node:crypto';
import { createChanges } from '../../../src/core/async/changes.js';
import { createServerService } from '../../../src/core/inventory/server-service.js';
import { survey } from '../../../src/core/inventory/survey.js';
import type { Clock, Images } from '../../../src/core/ports.js';
import { createProvisionService } from '../../../src/core/provision/provision.js';
import { createStatusService } from '../../../src/core/status/wait-for-change.js';
import { systemClock } from '../../../src/local/clock.js';
import { createHttp, type Http } from '../../../src/openstack/http.js';
import { createIronic } from '../../../src/openstack/ironic.js';
import { createRequestQueue } from '../../../src/openstack/request-queue.js';
import type { FaultLab } from '../../contract/fault-lab.js';
import type { Administrator } from '../../contract/lab.js';
import { playFault } from '../../support/faults/fault-player.js';
import { type Fault, type FaultProxy, startFaultProxy } from '../../support/faults/fault-proxy.js';
import { createFaultScript, kindOf } from '../../support/faults/fault-table.js';
import { nowhere } from '../../support/nowhere.js';
import { openPolicy } from '../../support/open-policy.js';
import { configDriveIn } from '../config-drive.js';

/** The default time limit of one request, in milliseconds. */
const usualTimeout = 30_000;

/** The services of the lanes: an Ironic, alone or in its cloud. */
export interface FaultGround {
  /** Ironic itself, without the program under test. */
  readonly admin: Administrator;
  /** The folder with Ironic's database. */
  readonly state: string;
  /** The addresses of all services that the program uses. */
  readonly services: readonly string[];
  readonly images: FaultLab['images'];
  /**
   * How long a request with a fault may take here, in real milliseconds. It is short, because most faults end only with it. The
   * programs' time passes faster by the same factor, so that their pauses are short as well.
   */
  readonly timeout: number;
  /** How many cases run at the same time. */
  readonly lanes: number;
  sourceOf(image: string): string;
  /** The settings by which a new program finds the cloud. */
  connect(ways: FaultyWays): { readonly ironic: Http; readonly images: Images };
}

/** Fetches that play the faults, and the programs' clock. */
export interface FaultyWays {
  readonly clock: Clock;
  /** How long a request may take, in milliseconds. */
  readonly timeout: number;
  /** The address of the proxy in front of a service. */
  at(service: string): string;
  open(name: string, address: string): Http;
}

/** Some servers of a real Ironic, for one case at a time, behind a fault proxy with real sockets. */
export interface FaultLane {
  /** The lane, with all its servers in their first state. */
  open(): Promise<FaultLab>;
  close(): Promise<void>;
}

interface Deployed {
  readonly info: Readonly<Record<string, unknown>>;
  readonly drive: string;
}

/** @param servers The ids of three free servers for this lane alone. The last one becomes somebody else's. */
export async function openFaultLane(ground: FaultGround, name: string, servers: readonly string[]): Promise<FaultLane> {
  const { admin, timeout } = ground;
  const speed = usualTimeout / timeout;
  const proxies = new Map<string, FaultProxy>();
  for (const service of ground.services) proxies.set(service, await startFaultProxy(service));
  const starts: string[] = [];
  /**
   * What was deployed, by server. If a reservation under the server's own deployment id arrives when the server is active, it
   * changes the description of the server, but nothing on its disk.
   */
  const deployed = new Map<string, Promise<Deployed>>();
  /** The requests that Ironic has not answered yet, even if their callers have given up. */
  const underWay = new Set<Promise<unknown>>();
  const script = createFaultScript();
  const resourceClass = `faults.${name}`;
  let passed = 0;
  const epoch = Date.now();
  const clock: Clock = {
    now: () => epoch + (Date.now() - epoch) * speed + passed,
    sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / speed, signal),
  };

  const fault: Fault = async (exchange) => {
    const { method, path } = exchange.access;
    const kind = kindOf(method, path);
    await script.deliver('due');
    const pass = async () => {
      await Promise.all(deployed.values());
      const passing = exchange.pass();
      underWay.add(passing);
      const answer = await passing.finally(() => underWay.delete(passing));
      if (kind === 'start' && answer.status === 202) {
        const id = path.split('/')[3] ?? '';
        starts.push(id);
        deployed.set(id, deployedOn(id));
      }
      // A token expires in real time.
      if (kind === 'sign-in') return answer;
      // Ironic's clock counts, and it must go on when the programs' time passes.
      const date = new Date(clock.now()).toUTCString();
      return { ...answer, headers: { ...answer.headers, date } };
    };
    await playFault(script.next(kind), { ...exchange, pass }, script);
  };
  for (const proxy of proxies.values()) proxy.on({}, fault);

  /** Connects to an unused address if the script wants a refused connection, because a proxy cannot refuse a single one. */
  async function send(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const kind = kindOf(request.method, pathname + search);
    if (script.peek(kind)?.reply !== 'refusal') return fetch(request);
    script.next(kind);
    return fetch(nowhere);
  }

  async function deployedOn(id: string): Promise<Deployed> {
    // Ironic stores the config drive only after a worker has begun.
    const { instance_info: info } = await admin.until(id, 'active');
    return { info, drive: await configDriveIn(ground, id) };
  }

  /** Puts the lane's servers back into their first state, after everything that happens to them has ended. */
  async function restoreAll(): Promise<void> {
    script.play();
    await script.deliver('all');
    await Promise.allSettled([...underWay, ...deployed.values()]);
    deployed.clear();
    for (const id of servers) await restore(id);
  }

  async function restore(id: string): Promise<void> {
    const node = await admin.node(id);
    if (node.provision_state !== 'available') {
      await admin.done('PUT', `nodes/${id}/states/provision`, { target: 'deleted' });
      await admin.until(id, 'available');
    } else if (node.instance_uuid !== null) {
      await admin.patch(id, { op: 'remove', path: '/instance_uuid' });
    }
    await admin.patch(
      id,
      { op: 'replace', path: '/instance_info', value: {} },
      { op: 'replace', path: '/resource_class', value: resourceClass },
    );
  }

  const ways = (timeout: number): FaultyWays => ({
    clock,
    timeout,
    at: (service) => proxies.get(service)?.url ?? '',
    open: (service, endpoint) => createHttp({ service, endpoint, timeout, queue: createRequestQueue(8), fetch: send }),
  });

  const lab: FaultLab = {
    script,
    starts,
    resourceClass,
    images: ground.images,
    program() {
      // A busy machine may answer slowly. A request without a fault must not fail because of that.
      const { ironic, images } = ground.connect(ways(script.faultless ? usualTimeout : timeout));
      const bareMetal = createIronic({ http: ironic, clock, random: Math.random });
      const service = createProvisionService({
        policy: openPolicy,
        bareMetal,
        images,
        servers: createServerService({ policy: openPolicy, bareMetal, clock, random: Math.random }),
        changes: createChanges(),
        clock,
        random: Math.random,
        idempotencyScope: async () => 'tests',
      });
      return {
        ...service,
        ...createStatusService({ policy: openPolicy, bareMetal, clock, random: Math.random }),
        // The other lanes leave reservations behind as well.
        async survey() {
          const found = await survey(bareMetal, new AbortController().signal, openPolicy);
          return { ...found, abandoned: found.abandoned.filter(({ id }) => servers.includes(id)) };
        },
      };
    },
    async nodes() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
      const nodes = await admin.nodes(`&resource_class=${resourceClass}`);
      const own = nodes.filter(({ uuid }) => servers.includes(uuid));
      return Promise.all(
        own.map(async (node) => ({
          ...node,
          instance_info: (await deployed.get(node.uuid))?.info ?? node.instance_info,
        })),
      );
    },
    configDrive: async (id) => (await (deployed.get(id) ?? deployedOn(id))).drive,
    // With the network interface noop there are no ports.
    vifs: async () => [],
    sourceOf: ground.sourceOf,
    async patch(id, ...patch) {
      await admin.patch(id, ...patch);
    },
    now: clock.now,
    pass(milliseconds) {
      passed += milliseconds;
    },
  };

  return {
    async open() {
      await restoreAll();
      const other = servers.at(-1) ?? '';
      await admin.patch(other, { op: 'add', path: '/instance_uuid', value: randomUUID() });
      starts.length = 0;
      return lab;
    },
    async close() {
      await restoreAll();
      for (const id of servers) {
        await admin.patch(id, { op: 'replace', path: '/resource_class', value: 'baremetal.small' });
      }
      for (const proxy of proxies.values()) await proxy.close();
    },
  };
}
