import type { ConfigDrive, Image } from './image.js';
import type { ServerCards } from './network-service.js';
import type { BootReport, DeploymentEntry, RecordedError, Server } from './server.js';
import { quoted } from './text/untrusted.js';

/** The conditions that Ironic itself can filter by. */
export interface ServerFilter {
  readonly resourceClass?: string | undefined;
  /** In lower case, as Ironic keeps it. */
  readonly conductorGroup?: string | undefined;
}

/** The caller's wishes about a server. */
export interface Criteria extends ServerFilter {
  /** It must have all of them. */
  readonly traits?: readonly string[] | undefined;
  /** It must have one of these network interfaces. */
  readonly networkInterfaces?: readonly string[] | undefined;
}

/** Servers in the order of Ironic's ids. */
export interface ServerPage {
  readonly servers: readonly Server[];
  /** The server before the next page; null at the end. */
  readonly next: string | null;
}

/**
 * Bare metal as the core needs it; `openstack/ironic.ts` speaks to Ironic.
 *
 * Every method rejects with `Refused` if Ironic refused (then nothing was changed), with `NoAnswer` if there is no usable
 * answer, with the failure `overloaded` if too many requests wait already (then it was not sent; never if `isOfChange` is
 * true of the signal), and with the signal's reason if the signal is aborted first.
 */
export interface BareMetal extends ServerCards {
  /** One server by UUID or name, or null. Changes nothing. */
  find(ref: string, signal: AbortSignal): Promise<Server | null>;

  /** The errors that Ironic has on record about a server; none if it keeps no record. Tried once. Changes nothing. */
  errors(serverId: string, signal: AbortSignal): Promise<readonly RecordedError[]>;

  /** The one server that carries a deployment, or null. Changes nothing. */
  findByDeployment(deploymentId: string, signal: AbortSignal): Promise<Server | null>;

  /** A page of `list` with only the free servers that Ironic would deploy. Changes nothing. */
  listFree(filter: ServerFilter, after: string | undefined, signal: AbortSignal): Promise<ServerPage>;

  /**
   * Servers that are reserved or being deployed, at most 1,000 of each state, in no order. A server that changes its state
   * during the call may be missing. Changes nothing.
   */
  listReservedOrDeploying(signal: AbortSignal): Promise<readonly Server[]>;

  /**
   * Servers in the middle of a deployment, in no order, without what only a choice among servers needs. A server that changes
   * its state during the call may be missing. Changes nothing.
   */
  listInDeployment(signal: AbortSignal): Promise<readonly Server[]>;

  /** A page of the servers that we may see, after the given one, which must exist. Changes nothing. */
  list(filter: ServerFilter, after: string | undefined, signal: AbortSignal): Promise<ServerPage>;

  /**
   * Reserves a server: sets its deployment id and what to deploy in one atomic change, and answers the server as it is
   * then. Refused as `taken` if another deployment has the server, as `elsewhere` if the id is on another server. A
   * repeated call with the same deployment id succeeds again, and the last description counts.
   */
  reserve(serverId: string, reservation: Reservation, signal: AbortSignal): Promise<Server>;

  /**
   * Starts the deployment that the reservation describes. Ironic does not check whose it is; hence the last look. A
   * repeated call is refused while the first deployment is under way.
   */
  deploy(serverId: string, start: Start, signal: AbortSignal): Promise<Sent>;

  /**
   * Releases a reserved server: clears deployment id and description, but only if it carries the entry of that very
   * attempt at that moment. Otherwise it changes nothing and succeeds. So it may be repeated, and may arrive late.
   */
  release(serverId: string, reservation: ReservationId, signal: AbortSignal): Promise<void>;

  /**
   * Undeploys a server: Ironic cancels, switches off, and cleans if set up to. Ironic does not check whose deployment it
   * is; hence the last look. A repeated call is refused while the first is under way.
   */
  undeploy(serverId: string, lastLook: LastLook, signal: AbortSignal): Promise<Sent>;

  /**
   * Records that the machine of a deployment has booted, in place of the report that was expected. Refused as `taken` if
   * that very report is no longer expected, so a repeated or a late call changes nothing. But Ironic reads the node before
   * it waits for the lock: an undeployment in between may leave the whole old `instance_info` on the node.
   */
  recordBoot(serverId: string, record: BootRecord, signal: AbortSignal): Promise<void>;

  /** Switches a server off and on, or asks its system to restart. A repeated call does so again. Ironic checks nothing. */
  reboot(serverId: string, how: 'soft' | 'hard', lastLook: LastLook, signal: AbortSignal): Promise<Sent>;

  /**
   * The time by Ironic's clock as of its latest answer, in milliseconds since the epoch, exact to the second. If our clock
   * differs by some minutes, it is the earlier of the two, so that no duration is overstated.
   */
  now(): number;

  /** The same, but the later of the two, so that no start is dated too early. */
  latest(): number;
}

/**
 * What we know about a server that Ironic is about to change without checking. If anything comes between that and the
 * moment when the request is really sent (a sign-in, a wait in the queue, more than a second), the server is read again.
 */
export interface LastLook {
  /** When the request was sent that showed the server, by the clock; null to read it again in any case. */
  readonly at: number | null;
  /** Whether the server as it is now may still be changed. Null: Ironic no longer knows it. */
  permits(server: Server | null): boolean;
}

/** What `deploy` sends. */
export interface Start {
  readonly configDrive: ConfigDrive | undefined;
  readonly lastLook: LastLook;
}

/** How a change with a last look ended. */
export type Sent =
  | { readonly kind: 'accepted' }
  /** Not sent, because the server as given no longer permits it. */
  | { readonly kind: 'overtaken'; readonly server: Server | null };

/** Identifies a reservation. */
export interface ReservationId {
  readonly deploymentId: string;
  /** A UUID of this attempt, because two calls with one idempotency key have the same deployment id. */
  readonly attemptId: string;
}

/** What `reserve` writes. */
export interface Reservation extends ReservationId {
  readonly entry: DeploymentEntry;
  /** The rest of the node's `instance_info`, which is replaced as a whole. */
  readonly instanceInfo: Readonly<Record<string, unknown>>;
  /** The attempt whose entry this one replaces. Refused as `taken` if that entry is gone. */
  readonly replaces?: string | undefined;
}

/** What `recordBoot` writes. */
export interface BootRecord {
  readonly deploymentId: string;
  /** The digest of the report that was expected. */
  readonly digest: string;
  readonly report: BootReport;
}

/** Images: from an image service, an operator's catalogue, or plain URLs. */
export interface Images {
  /** One image by id, name or URL, or null. Rejects with a `Failure` for one that cannot be deployed. Changes nothing. */
  find(ref: string, signal: AbortSignal): Promise<Image | null>;
  /** The images that have a name here, without kernels and ramdisks. Changes nothing. */
  list(signal: AbortSignal): Promise<ImageList>;
}

export interface ImageList {
  /** In no order. */
  readonly images: readonly OfferedImage[];
  /** False if there are more than one call reads. */
  readonly complete: boolean;
  /** Whether any URL from which Ironic can fetch counts as an image. */
  readonly anyUrl: boolean;
}

/** An image as its owner describes it. */
export interface OfferedImage extends Pick<Image, 'id' | 'name' | 'instanceInfo' | 'minDiskGb' | 'architecture'> {
  readonly sizeBytes: number | null;
  /** The format of its data, e.g. `qcow2`. */
  readonly format: string | null;
  /** Why it cannot be deployed at all, as a clause; null if it can. */
  readonly obstacle: string | null;
  /** On which servers it cannot be deployed, as a clause; null if none is known. */
  readonly caveat: string | null;
}

/** Time. Tests replace it, so that they need not wait. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after that many milliseconds; rejects with the signal's reason if the signal is aborted first. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** One change in the audit log. It holds no secrets, because every reader of the log can read it. */
export interface AuditRecord {
  /** Joins the first and the last record of a change. */
  readonly id: string;
  readonly face: string;
  readonly operation: string;
  readonly [member: string]: unknown;
}

/** Where changes are recorded. */
export interface Audit {
  /**
   * Records that a change begins. Resolves when the record would survive a crash of the machine. Otherwise rejects, with a
   * message that can be a `reason`.
   */
  begin(record: AuditRecord): Promise<void>;
  /** Records how it ended. Never rejects, because the change is made: it tells the operator what it cannot write. */
  end(record: AuditRecord): Promise<void>;
}

/** Why Ironic refused. */
export type Refusal =
  /** No such server. */
  | 'not_found'
  /** Somebody else has the server. */
  | 'taken'
  /** The deployment id is on another server, because an earlier or simultaneous call with the same key came first. */
  | 'elsewhere'
  /** Another request holds Ironic's lock on the node. That alone does not mean that somebody has the server. */
  | 'locked'
  /** The state of the server, or a change under way, does not allow it. */
  | 'wrong_state'
  /** Ironic refuses the data: image, config drive, or the set-up of the server. */
  | 'invalid'
  /** Our account lacks the right, or the server is protected. */
  | 'forbidden'
  /** The request needs a newer API version. */
  | 'too_old'
  /** No conductor can do it now. */
  | 'busy';

/** Ironic refused, or would refuse. Nothing was changed. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(
    readonly refusal: Refusal,
    /** What was wrong, already bounded. Untrusted if Ironic wrote it. */
    readonly words: string,
    readonly by: 'Ironic' | 'Neutron' | 'us' = 'Ironic',
  ) {
    super(`${refusal}: ${words}`);
  }

  /** Whether the same request may succeed in a moment. */
  get isBusy(): boolean {
    return this.refusal === 'locked' || this.refusal === 'busy';
  }

  /** The words for a `reason`, which marks the words of a service as such. */
  get reason(): string {
    return this.by === 'us' ? this.words : `${this.by} says: ${quoted(this.words)}`;
  }
}

/** There is no usable answer: unreachable, too late, cut off, unreadable, or an error without a meaning. */
export class NoAnswer extends Error {
  override readonly name: string = 'NoAnswer';
  constructor(
    /** What happened, in words for a `reason`. */
    readonly words: string,
    /** False if the request certainly had no effect, for example because nothing listens there. */
    readonly mayHaveTakenEffect: boolean,
    options?: ErrorOptions,
  ) {
    super(words, options);
  }

  get reason(): string {
    return this.words;
  }

  /** Whether the same read may be answered in a moment. */
  get mayPass(): boolean {
    return true;
  }

  /** The same error for a read before a change that was not sent. */
  withoutEffect(): NoAnswer {
    return this.mayHaveTakenEffect ? new NoAnswer(this.words, false, { cause: this }) : this;
  }
}

/** The cloud refused our sign-in. Nothing was changed, and no request works until the settings are fixed. */
export class SignInRefused extends NoAnswer {
  override readonly name = 'SignInRefused';
  constructor(words: string) {
    super(words, false);
  }

  override get mayPass(): boolean {
    return false;
  }
}

/** Keystone refused the application credential itself: it is wrong, has expired or was revoked. */
export class CredentialRefused extends SignInRefused {}
