import type { DeprovisionResponse, ProvisionRequest, ProvisionResponse } from '../../../src/core/requests.js';
import type { Injection } from '../../support/faults/fault-table.js';
import type { OtherCopies } from './actions.js';
import type { ActorCloudOptions } from './actor-cloud.js';
import { type ActorGround, createProgram, type Node, type Program } from './actor-lab.js';
import { nodeNow, nodesNow } from './journal.js';

const { signal } = new AbortController();

export const hostname = 'of-this-request';
const vifs = ['0fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d', '1fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d'];

/** One way to call this program, between whose requests somebody else acts. */
export interface Way {
  readonly name: string;
  readonly cloud: ActorCloudOptions;
  /** What goes wrong on the way to Ironic, so that requests are sent again. */
  readonly hiccups: readonly Injection[];
  /** Undeploying foreign deployments is allowed. */
  readonly foreign?: true;
  /** How the call ends when nobody acts in between. */
  readonly outcome: 'done' | 'refused';
  prepare(ground: ActorGround): Promise<Call>;
}

/** A call that is about to be made. */
export interface Call extends OtherCopies {
  /** Where the call is to provision. */
  readonly request?: ProvisionRequest;
  /** What the call is to undeploy. */
  readonly meant?: Meant;
  /** The node that the call is about, where it names one. */
  readonly target?: string;
  run(program: Program): Promise<ProvisionResponse | DeprovisionResponse>;
  /** Lets go on what was held back for the call. */
  after?(): Promise<void>;
}

/** The deployment, or the reservation, that a call shall end. */
export interface Meant {
  readonly id: string;
  /** Its node as it was before; undefined if the caller only names the node, and means what it carries. */
  readonly node: Node | undefined;
  /** Another call is about to deploy what is reserved there. */
  readonly isLive: boolean;
}

/** The nodes of the lane's class that are free. */
export function freeNodes(ground: ActorGround): Promise<readonly Node[]> {
  return nodesNow(ground, `resource_class=${ground.resourceClass}&provision_state=available&associated=false`);
}

type Aim = 'by id' | 'by name' | 'by class';

export async function requestFor(ground: ActorGround, aim: Aim, more: object = {}): Promise<ProvisionRequest> {
  const [free] = await freeNodes(ground);
  if (!free) throw new Error('there is no free node');
  const server_id = { 'by id': free.uuid, 'by name': free.name, 'by class': undefined }[aim];
  return {
    image_id: ground.images.ours,
    hostname,
    ...(server_id === undefined ? { resource_class: ground.resourceClass } : { server_id }),
    ...more,
  };
}

/** The call of `provision_server` for a request. */
export function provisioning(ground: ActorGround, request: ProvisionRequest, target: string | undefined): Call {
  const run = (program: Program) => program.provision(request, signal);
  return {
    request,
    ...(target === undefined ? {} : { target }),
    run,
    same: run,
    deployAnew: run,
    other: (program) => {
      const { idempotency_key: _, retry_failed: __, vifs: ___, ...rest } = request;
      const image_id = ground.images.theirs;
      return program.provision({ ...rest, image_id, hostname: 'of-another-call', idempotency_key: 'another' }, signal);
    },
  };
}

interface Provisioning {
  readonly aim: Aim;
  readonly keyed?: boolean;
  readonly vifs?: number;
  /** Of a deployment that has failed. */
  readonly retry?: boolean;
}

function wayOf(name: string, { aim, keyed, vifs: ports = 0, retry }: Provisioning): Way {
  return {
    name,
    cloud: ports > 0 ? { networkInterface: 'flat' } : {},
    hiccups: [],
    outcome: ports > 1 ? 'refused' : 'done',
    async prepare(ground) {
      const first = await requestFor(ground, aim, {
        ...(keyed ? { idempotency_key: 'one' } : {}),
        ...(ports > 0 ? { vifs: vifs.slice(0, ports) } : {}),
      });
      const target = aim === 'by class' ? undefined : (await freeNodes(ground))[0]?.uuid;
      if (!retry) return provisioning(ground, first, target);
      const failed = await failOn(ground, first);
      return provisioning(ground, { ...first, retry_failed: true }, failed);
    },
  };
}

/** Makes a deployment for the request that fails. Answers on which node. */
async function failOn(ground: ActorGround, request: ProvisionRequest): Promise<string> {
  const nodes = await freeNodes(ground);
  const patch = (op: string) => [{ op, path: '/extra/sim', value: { fail: 'write_image' } }];
  for (const { uuid } of nodes) await ground.ask('PATCH', `nodes/${uuid}`, patch('add'));
  const { operation_id } = await createProgram(ground, ground.send, 3).provision(request, signal);
  await whenOver(ground, operation_id);
  for (const { uuid } of nodes) await ground.ask('PATCH', `nodes/${uuid}`, patch('remove'));
  return operation_id;
}

/** Lets a deployment come to its end. */
export async function whenOver(ground: ActorGround, id: string): Promise<void> {
  for (let times = 0; times < 600; times += 1) {
    const node = await nodeNow(ground, id);
    if (!node || (['active', 'deploy failed'].includes(node.provision_state) && node.reservation === null)) return;
    await ground.rest();
  }
  throw new Error(`the deployment on ${id} does not end`);
}

/** Every way to provision when the network does its part. */
export const provisioningWays: readonly Way[] = [
  wayOf('by id', { aim: 'by id' }),
  wayOf('by name', { aim: 'by name' }),
  wayOf('by class', { aim: 'by class' }),
  wayOf('by id with a key', { aim: 'by id', keyed: true }),
  wayOf('by class with a key', { aim: 'by class', keyed: true }),
  wayOf('again in place', { aim: 'by id', retry: true }),
  wayOf('again in place with a key', { aim: 'by class', keyed: true, retry: true }),
  wayOf('with a port', { aim: 'by id', vifs: 1 }),
  wayOf('with a port and a key', { aim: 'by id', keyed: true, vifs: 1 }),
  wayOf('refused for its second port', { aim: 'by id', vifs: 2 }),
  wayOf('refused for its second port, with a key', { aim: 'by id', keyed: true, vifs: 2 }),
];
