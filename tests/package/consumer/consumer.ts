// A program of somebody who uses the library: compiled against the installed package, and then run.
import {
  type BareMetal,
  ConfigError,
  type Connection,
  connect,
  createChanges,
  createProvisionService,
  createServerService,
  Failure,
  type Images,
  type ProvisionService,
  type ProvisionStatus,
} from 'ironic-mcp';

/** Holds only if the type is a real one, and not `any` for want of a declaration. */
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

/** With a bare-metal port and an image port of their own. */
export function assemble(bareMetal: Real<BareMetal>, images: Real<Images>): Real<ProvisionService> {
  const clock = { now: () => 0, sleep: async () => undefined };
  const random = () => 0;
  return createProvisionService({
    bareMetal,
    images,
    clock,
    random,
    realm: async () => 'somewhere',
    servers: createServerService({ bareMetal, clock, random }),
    changes: createChanges(),
  });
}

const empty = { find: async () => null } as unknown as BareMetal;
const service = assemble(empty, {} as Images);
const signal = new AbortController().signal;
const unknown = await service
  .status({ operation_id, wait_seconds: 0 }, signal)
  .catch((error: unknown) => error instanceof Failure && error.code);

process.stdout.write(JSON.stringify({ simulated: cloud.simulated, state, percent, refused, unset, unknown }));
