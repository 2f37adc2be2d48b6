/**
 * The entry about a deployment that we keep in the node's `instance_info`. Everybody who can read the node can read it.
 * No member may be named like a secret, because Ironic would mask it.
 */
export interface DeploymentEntry {
  /** When the deployment was requested, by Ironic's clock. */
  readonly started_at: string;
  /** The image's name, or its id or URL without credentials; the image in Ironic if somebody has replaced it. */
  readonly image: string;
  /** The host name that the request gave to the system. */
  readonly hostname?: string | undefined;
  /** The user that the image has for logging in, if the request makes no users of its own. */
  readonly login_user?: string | undefined;
  /** Tells one request from another: see `request-identity.ts`. */
  readonly digest: string;
  /** The addresses that the request gave to the server's network cards. */
  readonly addresses?: readonly EntryAddress[] | undefined;
  /** The boot report that the machine may send; undefined if it was not asked for one, or has sent it. */
  readonly expected?: ExpectedReport | undefined;
  /** The boot report that the machine has sent. */
  readonly booted?: BootReport | undefined;
  /** The networks of Neutron that the request named. Each has a port that the program makes and deletes. */
  readonly networks?: readonly { readonly id: string; readonly name: string }[] | undefined;
  /** The ids of the Neutron ports that the request named. They stay the caller's. */
  readonly vifs?: readonly string[] | undefined;
}

/** What we know of the token that proves a boot report. */
export interface ExpectedReport {
  /** Its SHA-256, in hexadecimal. */
  readonly digest: string;
  /** A UUID from which the caller of a keyed request can make the token again. */
  readonly seed: string;
}

/** What a machine reported when its system had booted. */
export interface BootReport {
  /** When the report came, by Ironic's clock. */
  readonly at: string;
  /** When Ironic last changed the state of the server before that. If it does so again, the report is out of date. */
  readonly since: string | null;
  /** The address that the report came from; null if it is not the machine's. */
  readonly from: string | null;
  /** Fingerprints of the machine's SSH host keys, as OpenSSH prints them. */
  readonly host_keys: readonly string[];
}

/** An address that a request gave to a network card. */
export interface EntryAddress {
  /** Without a prefix length. */
  readonly address: string;
  readonly mac: string;
}

/** One step of a deployment, or of a cleaning, as Ironic shows it on the node. */
export interface Step {
  /** For example `write_image`. */
  readonly name: string;
  /** Position in the list of steps, from 1; null if the list is not known. */
  readonly number: number | null;
  /** The names of all steps in order; empty if the list is not known. */
  readonly names: readonly string[];
}

/** An error that Ironic has on record about a server. */
export interface RecordedError {
  /** Milliseconds since the epoch; null if unknown. */
  readonly at: number | null;
  /** The work that failed, e.g. `deploying`. */
  readonly work: string | null;
  /** Ironic's words: untrusted. */
  readonly words: string;
}

/** A bare-metal server: the part of Ironic's node that the core uses. Times are milliseconds since the epoch. */
export interface Server {
  readonly id: string;
  readonly name: string | null;
  readonly resourceClass: string | null;
  readonly provisionState: string;
  /** The state that Ironic takes it to; null if it stays in its state. */
  readonly targetState: string | null;
  readonly provisionedAt: number | null;
  /** When Ironic first heard from a deployment agent and asked for its steps, maybe in an earlier deployment. */
  readonly calledAt: number | null;
  /** When a deployment agent last reported, maybe in an earlier deployment. */
  readonly heardAt: number | null;
  /** Ironic's instance_uuid. The caller that set it has the server. */
  readonly deploymentId: string | null;
  /** Our own entry, if the deployment is one of ours. */
  readonly entry: DeploymentEntry | null;
  /** The attempt of ours that wrote the entry; null if unknown. */
  readonly attemptId: string | null;
  /** An allocation in Ironic gave it to somebody. Always false in lists, which do not show it. */
  readonly allocated: boolean;
  /** Ironic refuses to undeploy it. */
  readonly isProtected: boolean;
  /** Whether its disk is cleaned after use; null if Ironic's own setting decides. */
  readonly automatedClean: boolean | null;
  readonly imageSource: string | null;
  readonly maintenance: boolean;
  /** Why it is in maintenance, in the words of who set it: untrusted. Null in lists. */
  readonly maintenanceReason: string | null;
  /** What Ironic itself found broken, e.g. `power failure`. Null in lists. */
  readonly fault: string | null;
  /** The conductor that holds Ironic's lock on the node now. */
  readonly lockedBy: string | null;
  /** Whether we may see the lock. By default Ironic hides it from a lessee. */
  readonly showsLock: boolean;
  readonly powerState: string | null;
  /** The power state that Ironic is about to bring about. Null in lists. */
  readonly targetPower: string | null;
  /** When its power last changed. Null in lists. */
  readonly poweredAt: number | null;
  readonly retired: boolean;
  readonly lessee: string | null;
  /** Who may use it: our project, which leases or owns it; only others; or anybody. */
  readonly tenancy: 'ours' | 'others' | 'anybody';
  /** The step under way: of the cleaning while the server is cleaned, otherwise of the deployment. */
  readonly step: Step | null;
  readonly lastError: string | null;
  readonly cpus: number | null;
  /** In MiB. */
  readonly memoryMb: number | null;
  /** Size of the root disk in GiB. */
  readonly diskGb: number | null;
  /** For example `x86_64`. */
  readonly architecture: string | null;
  /** The driver interface that writes images, e.g. `direct`. */
  readonly deployInterface: string | null;
  /** The driver interface that connects networks, e.g. `neutron`. */
  readonly networkInterface: string | null;
  /** Its capabilities, by OpenStack's standard names and `CUSTOM_` names. */
  readonly traits: readonly string[];
  /** The group of conductors that manage it; empty for the default group. */
  readonly conductorGroup: string;
}
