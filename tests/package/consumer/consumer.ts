// A program of a user of the library. The tests compile it against the installed package, and run it.
import {
  type BareMetal,
  ConfigError,
  type Connection,
  connect,
  createChanges,
  createPolicy,
  createProvisionService,
  createServerService,
  createStatusService,
  Failure,
  type Images,
  isOfChange,
  type LastLook,
  type ProvisionService,
  type ProvisionStatus,
  type RecordedError,
  Refused,
  type ReservationId,
  type Sent,
  type ServerPage,
  SignInRefused,
  type Start,
} from 'ironic-mcp';

/** Compiles only if the type is a real one, and not `any` because a declaration is missing. */
type Real<Type> = 0 extends 1 & Type ? never : Type;

const cloud: Real<Connection> = await connect({ IRONIC_MCP_SIM_SPEED: '500' });
const { operation_id } = await cloud.provision({ image_id: 'debian-12', resource_class: 'baremetal.small' });
let status: Real<ProvisionStatus>;
do status = await cloud.status({ operation_id, wait_seconds: 50 });
while (status.status === 'in_progress');
const state: Real<typeof status.provision_state> = status.provision_state;
const percent: Real<typeof status.progress_percent> = status.progress_percent;

// @ts-expect-error an image must be named
const refused = await cloud.provision({}).catch((error: unknown) => (error instanceof Failure ? error.code : error));
const unset = await connect({ OS_AUTH_TYPE: 'none' }).catch((error: unknown) => error instanceof ConfigError);
await cloud.settled();

const clock = { now: () => 0, sleep: async () => undefined };
const random = () => 0;
const policy = createPolicy({ readOnly: false });

/** Uses a bare-metal port and an image port of the user's own. */
export function assemble(bareMetal: Real<BareMetal>, images: Real<Images>): Real<ProvisionService> {
  return createProvisionService({
    bareMetal,
    images,
    clock,
    policy,
    random,
    idempotencyScope: async () => 'somewhere',
    servers: createServerService({ bareMetal, clock, policy, random }),
    changes: createChanges(),
  });
}

const page: ServerPage = { servers: [], next: null };

/** A bare-metal port of the user's own, written only with exports of the package. */
const empty: BareMetal = {
  find: async () => null,
  errors: async (): Promise<readonly Real<RecordedError>[]> => [{ at: null, work: 'deploying', words: 'no power' }],
  findByDeployment: async () => null,
  listFree: async () => page,
  listReservedOrDeploying: async () => [],
  listInDeployment: async () => [],
  list: async (_filter, _after, signal) => {
    if (isOfChange(signal)) return page;
    throw new Failure('overloaded', { reason: 'too many wait' });
  },
  reserve: async () => {
    throw new Refused('not_found', 'there is no server', 'us');
  },
  async deploy(_serverId, { lastLook }: Start): Promise<Sent> {
    return lastLook.permits(null) ? { kind: 'accepted' } : { kind: 'overtaken', server: null };
  },
  release: async (_serverId, { deploymentId, attemptId }: Real<ReservationId>) => void `${deploymentId}/${attemptId}`,
  undeploy: async (_serverId, _lastLook: LastLook) => ({ kind: 'accepted' }),
  cards: async () => [],
  reboot: async () => ({ kind: 'accepted' }),
  recordBoot: async () => undefined,
  recordedAt: async () => new Map(),
  attach: async () => 'accepted',
  detach: async () => undefined,
  now: () => 0,
  latest: () => 0,
};

/** The same port with expired credentials. */
const locked: BareMetal = {
  ...empty,
  find: async () => {
    throw new SignInRefused('the key has expired');
  },
};

const signal = new AbortController().signal;
const statusBy = (bareMetal: BareMetal) =>
  createStatusService({ bareMetal, clock, policy, random })
    .status({ operation_id, wait_seconds: 0 }, signal)
    .catch((error: unknown) => error instanceof Failure && { code: error.code, retryable: error.retryable });
const unknown = await statusBy(empty);
const expired = await statusBy(locked);

process.stdout.write(JSON.stringify({ simulated: cloud.simulated, state, percent, refused, unset, unknown, expired }));
