import type { ConfigDrive, Image } from './image.js';
import type { DeploymentEntry, RecordedError, Server } from './server.js';
import { quoted } from './text/untrusted.js';

/** What Ironic itself can tell servers apart by. */
export interface ServerFilter {
  readonly resourceClass?: string | undefined;
  /** In lower case, as Ironic keeps it. */
  readonly conductorGroup?: string | undefined;
}

/** What a server must be like. */
export interface Criteria extends ServerFilter {
  /** It must have all of them. */
  readonly traits?: readonly string[] | undefined;
}

/** Servers in the order of Ironic's ids. */
export interface ServerPage {
  readonly servers: readonly Server[];
  /** The server after which the next page begins; null at the end. */
  readonly next: string | null;
}

/**
 * Bare metal as the core needs it; `openstack/ironic.ts` speaks to Ironic.
 *
 * Every method rejects with `Refused` if Ironic said no (then nothing was changed), with `NoAnswer` if there is no answer
 * to go by, with the failure `overloaded` if too many requests wait already (then it was not sent; never
 * where `isOfChange` is true of the signal), and with the signal's reason when that is aborted first.
 */
export interface BareMetal {
  /** One server by UUID or name, or null. Changes nothing. */
  find(ref: string, signal: AbortSignal): Promise<Server | null>;

  /** The errors that Ironic has on record about a server; none where it keeps no record. Tried once. Changes nothing. */
  errors(serverId: string, signal: AbortSignal): Promise<readonly RecordedError[]>;

  /** The one server that carries a deployment, or null. Changes nothing. */
  findByDeployment(deploymentId: string, signal: AbortSignal): Promise<Server | null>;

  /** A page of `list` with only those that nobody has and that Ironic would deploy. Changes nothing. */
  listFree(filter: ServerFilter, after: string | undefined, signal: AbortSignal): Promise<ServerPage>;

  /**
   * Servers that are reserved or being deployed, at most 1,000 of each state, in no order. One that changes its state
   * meanwhile may be missing. Changes nothing.
   */
  listReservedOrDeploying(signal: AbortSignal): Promise<readonly Server[]>;

  /** Servers that are in the middle of a deployment, as `findByDeployment` shows them; some of them, if they are many. Changes nothing. */
  listInDeployment(signal: AbortSignal): Promise<readonly Server[]>;

  /** A page of the servers that we may see: those after the given one, which must exist. Changes nothing. */
  list(filter: ServerFilter, after: string | undefined, signal: AbortSignal): Promise<ServerPage>;

  /**
   * Takes a server: sets its deployment id and what to deploy in one atomic change, and answers with the server as it
   * is then. Refused as `taken` if another deployment has the server, as `elsewhere` if the id is on another one.
   * Repeated with the same deployment id it succeeds again and the last description stands.
   */
  reserve(serverId: string, reservation: Reservation, signal: AbortSignal): Promise<Server>;

  /**
   * Starts the deployment that the reservation describes. Ironic does not ask whose it is; hence the last look.
   * Repeated while the first is under way it is refused.
   */
  deploy(serverId: string, start: Start, signal: AbortSignal): Promise<Sent>;

  /**
   * Gives a reserved server back: clears deployment id and description, if and only if it carries the entry of that very
   * attempt at that moment. Else nothing is changed, and that is a success too: so it may be repeated, and arrive late.
   */
  release(serverId: string, reservation: ReservationId, signal: AbortSignal): Promise<void>;

  /**
   * Has whatever is deployed on a server undeployed: cancels, switches off, and cleans as Ironic is set up to. Ironic
   * does not ask whose it is; hence the last look. Repeated while the first is under way it is refused.
   */
  undeploy(serverId: string, lastLook: LastLook, signal: AbortSignal): Promise<Sent>;

  /** The ids of the Neutron ports that are attached to a server. Changes nothing. */
  vifs(serverId: string, signal: AbortSignal): Promise<readonly string[]>;

  /** The MAC addresses of a server's network cards, in lower case with colons. Changes nothing. */
  macAddresses(serverId: string, signal: AbortSignal): Promise<readonly string[]>;

  /** Attaches a Neutron port to a reserved server. Repeated, it succeeds again. Refused, it may have to be detached. */
  attach(serverId: string, vif: string, signal: AbortSignal): Promise<void>;

  /** Detaches it. Repeated, or if it never was attached, it succeeds too. */
  detach(serverId: string, vif: string, signal: AbortSignal): Promise<void>;

  /**
   * The time by Ironic's clock as of its latest answer, in milliseconds since the epoch, right to the second. Where our
   * clock differs by some minutes it is the earlier one: what has lasted so long by this clock has done so by any.
   */
  now(): number;

  /** The same, but the later one: what begins now has not begun later by any clock. */
  latest(): number;
}

/**
 * What is known of a server that Ironic is about to change on our word alone. If anything came between that and the
 * moment when the request is really sent (a sign-in, a wait for a place in the queue, more than a second), the server is
 * read again at that moment.
 */
export interface LastLook {
  /** When the request was sent that showed the server, by the clock; null to have it read again in any case. */
  readonly at: number | null;
  /** Whether the server, as it is now, may still be changed. Null: Ironic does not know it any more. */
  permits(server: Server | null): boolean;
}

/** What `deploy` sends, and on what knowledge. */
export interface Start {
  readonly configDrive: ConfigDrive | undefined;
  readonly lastLook: LastLook;
}

/** How a change went that depends on a last look. */
export type Sent =
  | { readonly kind: 'accepted' }
  /** Not sent: the server, which is as given, did not permit it any more. */
  | { readonly kind: 'overtaken'; readonly server: Server | null };

/** By what a reservation is known. */
export interface ReservationId {
  readonly deploymentId: string;
  /** A UUID of this attempt's own: two calls with one idempotency key have the same deployment id. */
  readonly attemptId: string;
}

/** What `reserve` writes. */
export interface Reservation extends ReservationId {
  readonly entry: DeploymentEntry;
  /** The rest of the node's `instance_info`, which is written as a whole. */
  readonly instanceInfo: Readonly<Record<string, unknown>>;
  /** The attempt whose entry this one replaces: refused as `taken` if that is gone. */
  readonly replaces?: string | undefined;
}

/** Images as the core needs them: an image service, an operator's catalogue, or plain URLs. */
export interface Images {
  /** One image by id, name or URL, or null. Rejects with a `Failure` for one that cannot be deployed. Changes nothing. */
  find(ref: string, signal: AbortSignal): Promise<Image | null>;
  /** The images that have a name here; kernels and ramdisks are none. Changes nothing. */
  list(signal: AbortSignal): Promise<ImageList>;
}

/** What there is to choose from. */
export interface ImageList {
  /** In no order. */
  readonly images: readonly OfferedImage[];
  /** False when there are more than anybody would read. */
  readonly complete: boolean;
  /** Whether any URL from which Ironic can fetch is an image as well. */
  readonly anyUrl: boolean;
}

/** An image as its owner describes it. */
export interface OfferedImage extends Pick<Image, 'id' | 'name' | 'instanceInfo' | 'minDiskGb' | 'architecture'> {
  readonly sizeBytes: number | null;
  /** The format of its data, e.g. `qcow2`. */
  readonly format: string | null;
  /** Why it cannot be deployed at all, as a clause; null when it can. */
  readonly obstacle: string | null;
  /** Which servers it cannot be deployed on, as a clause; null when none is known. */
  readonly caveat: string | null;
}

/** Time, so that tests need not wait for it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after that many milliseconds; rejects with the signal's reason when that is aborted first. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** One change in the audit log. Everything in it may be read by whoever may read the log: it holds no secrets. */
export interface AuditRecord {
  /** Joins the record of a change's beginning with that of its end. */
  readonly id: string;
  readonly face: string;
  readonly operation: string;
  readonly [member: string]: unknown;
}

/** Where changes are recorded. */
export interface Audit {
  /**
   * Records that a change begins. Resolves when the record would outlive a crash of the machine; rejects, with a message
   * fit for a `reason`, if that is not certain.
   */
  begin(record: AuditRecord): Promise<void>;
  /** Records how it ended. Never rejects, for the change is made: what cannot be written the operator is told of. */
  end(record: AuditRecord): Promise<void>;
}

/** Why Ironic said no. */
export type Refusal =
  /** No such server. */
  | 'not_found'
  /** Somebody else has the server. */
  | 'taken'
  /** The deployment id is on another server: an earlier or simultaneous call with the same key was there first. */
  | 'elsewhere'
  /** Ironic's lock on the node is held by another request; nobody has claimed the server by that alone. */
  | 'locked'
  /** The server is in a state, or in the middle of a change, that does not allow it. */
  | 'wrong_state'
  /** Ironic does not accept the data: image, config drive, or the set-up of the server. */
  | 'invalid'
  /** The rights of our user, or a protected server. */
  | 'forbidden'
  /** The request needs a newer API version. */
  | 'too_old'
  /** No conductor can do it now. */
  | 'busy';

/** Ironic said no, or would say so: nothing was changed. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(
    readonly refusal: Refusal,
    /** What was wrong, already bounded. Untrusted if they are Ironic's own words. */
    readonly words: string,
    readonly by: 'Ironic' | 'us' = 'Ironic',
  ) {
    super(`${refusal}: ${words}`);
  }

  /** Whether the same request may be allowed in a moment. */
  get isBusy(): boolean {
    return this.refusal === 'locked' || this.refusal === 'busy';
  }

  /** The words as a `reason` has them: those of Ironic are marked as such. */
  get reason(): string {
    return this.by === 'Ironic' ? `Ironic says: ${quoted(this.words)}` : this.words;
  }
}

/** There is no answer to go by: unreachable, too late, broken off, unreadable, or an error without a meaning. */
export class NoAnswer extends Error {
  override readonly name: string = 'NoAnswer';
  constructor(
    /** What happened, in words fit for a `reason`. */
    readonly words: string,
    /** False when the request certainly had no effect, for example because nobody listens there. */
    readonly mayHaveTakenEffect: boolean,
    options?: ErrorOptions,
  ) {
    super(words, options);
  }

  get reason(): string {
    return this.words;
  }

  /** Whether the same read may have an answer in a moment. */
  get mayPass(): boolean {
    return true;
  }

  /** The same, for a change that this request was only to prepare: it was not sent. */
  withoutEffect(): NoAnswer {
    return this.mayHaveTakenEffect ? new NoAnswer(this.words, false, { cause: this }) : this;
  }
}

/** The cloud does not know us: nothing was changed, and nothing will be before the settings are. */
export class SignInRefused extends NoAnswer {
  override readonly name = 'SignInRefused';
  constructor(words: string) {
    super(words, false);
  }

  override get mayPass(): boolean {
    return false;
  }
}
