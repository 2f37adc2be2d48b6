import { createChanges } from '../../../src/core/async/changes.js';
import { createDeprovisionService, type DeprovisionService } from '../../../src/core/deprovision/deprovision.js';
import { createServerService } from '../../../src/core/inventory/server-service.js';
import { type Survey, survey } from '../../../src/core/inventory/survey.js';
import { createPolicy } from '../../../src/core/policy.js';
import type { Clock, Images } from '../../../src/core/ports.js';
import { createProvisionService, type ProvisionService } from '../../../src/core/provision/provision.js';
import { createStatusService, type StatusService } from '../../../src/core/status/wait-for-change.js';
import type { Http } from '../../../src/openstack/http.js';
import { createIronic } from '../../../src/openstack/ironic.js';
import { seededRandom } from '../../core/setup.js';

export type Fetch = (request: Request) => Promise<Response>;

/** A node as Ironic shows it to any client. */
export interface Node {
  readonly uuid: string;
  readonly name: string;
  readonly provision_state: string;
  readonly provision_updated_at: string | null;
  readonly instance_uuid: string | null;
  readonly instance_info: Readonly<Record<string, unknown>>;
  readonly maintenance: boolean;
  readonly reservation: string | null;
}

/** A copy of this program. */
export interface Program extends ProvisionService, DeprovisionService, StatusService {
  survey(): Promise<Survey>;
}

/** An Ironic that a lab stands on, simulated or real. */
export interface ActorGround {
  /** The programs' clock. */
  readonly clock: Clock;
  /** Moves the programs' clock on. */
  pass(milliseconds: number): void;
  /** Makes every request that waits for an answer time out. */
  stall(): void;
  /** Lets Ironic work for a moment. The programs do not notice how long that takes. */
  rest(): Promise<void>;
  /** Two free nodes of this class exist. */
  readonly resourceClass: string;
  /** What the images are called here. */
  readonly images: { readonly ours: string; readonly theirs: string };
  /** The `instance_info` that deploys an image. */
  describe(image: string): Readonly<Record<string, unknown>>;
  /** How many milliseconds Ironic's API clock is ahead of the programs' clock. */
  skew: number;
  /** Sends a request to Ironic, or to what stands around it. */
  readonly send: Fetch;
  /** Opens the services for one program, whose requests all go through `fetch`. */
  connect(fetch: Fetch, random: () => number): Services;
  /** What Ironic has for a node's first boot, as one text. */
  configDrive(id: string): Promise<string>;
  /** Sends one request as an administrator. */
  ask(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }>;
  /** Holds a node's lock for so many milliseconds, as a conductor does; only a simulated Ironic can be told to. */
  lock?(id: string, milliseconds: number): boolean;
  /** Whether nodes have network cards to which ports can be attached. */
  readonly hasPorts: boolean;
}

export interface Services {
  readonly ironic: Http;
  readonly images: Images;
  readonly scope: (signal: AbortSignal) => Promise<string>;
}

/** Starts a copy of the program. Its choices depend on the seed only. */
export function createProgram(ground: ActorGround, fetch: Fetch, seed: number, deprovisionForeign = false): Program {
  const random = seededRandom(seed);
  const { clock } = ground;
  const { ironic, images, scope } = ground.connect(fetch, random);
  const bareMetal = createIronic({ http: ironic, clock, random });
  const changes = createChanges();
  const policy = createPolicy({ allowDeprovision: true, allowVifs: true, deprovisionForeign });
  const servers = createServerService({ policy, bareMetal, clock, random });
  return {
    ...createProvisionService({ policy, bareMetal, images, servers, changes, clock, random, idempotencyScope: scope }),
    ...createDeprovisionService({ bareMetal, changes, clock, random, policy }),
    ...createStatusService({ policy, bareMetal, clock, random }),
    survey: () => survey(bareMetal, new AbortController().signal, policy),
  };
}
