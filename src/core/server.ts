/**
 * What we write about a deployment into the node's `instance_info`, so that Ironic keeps it for us.
 * Everybody who can read the node can read it. No member may be named like a secret: Ironic would mask it.
 */
export interface DeploymentEntry {
  /** When the deployment was asked for, by Ironic's clock. */
  readonly started_at: string;
  /** The image as the caller named it, without credentials; what is there instead, where somebody has replaced it. */
  readonly image: string;
  /** Tells one request from another: see `request-identity.ts`. */
  readonly digest: string;
}

/** One step of a deployment, or of a cleaning, as Ironic shows it on the node. */
export interface Step {
  /** For example `write_image`. */
  readonly name: string;
  /** Position in the list of steps, from 1; null when the list is not known. */
  readonly number: number | null;
  /** The names of all steps in their order; empty when the list is not known. */
  readonly names: readonly string[];
}

/** An error that Ironic has on record about a server. */
export interface RecordedError {
  /** Milliseconds since the epoch; null when nobody knows. */
  readonly at: number | null;
  /** In which kind of work, e.g. `deploying`. */
  readonly work: string | null;
  /** Ironic's words: untrusted. */
  readonly words: string;
}

/** A bare-metal server: what the core reads of a node in Ironic. Times are milliseconds since the epoch. */
export interface Server {
  readonly id: string;
  readonly name: string | null;
  readonly resourceClass: string | null;
  readonly provisionState: string;
  /** The state that Ironic is taking it to; null where it is to stay. */
  readonly targetState: string | null;
  readonly provisionedAt: number | null;
  /** When Ironic first heard the agent of a deployment, and asked it for its steps. It can be an earlier deployment. */
  readonly calledAt: number | null;
  /** When the deployment agent last reported. It can have been in an earlier deployment. */
  readonly heardAt: number | null;
  /** Ironic's instance_uuid: whoever set it has the server. */
  readonly deploymentId: string | null;
  /** Our own entry, if the deployment is one of ours. */
  readonly entry: DeploymentEntry | null;
  /** Which attempt of ours wrote the entry; null where that is not known. */
  readonly attemptId: string | null;
  /** An allocation in Ironic gave it to somebody. Lists do not tell: there it is false. */
  readonly allocated: boolean;
  /** Ironic refuses to undeploy it. */
  readonly isProtected: boolean;
  /** Whether its disk is cleaned after use; null where that is as Ironic is set up. */
  readonly automatedClean: boolean | null;
  readonly imageSource: string | null;
  readonly maintenance: boolean;
  /** The conductor that holds Ironic's lock on the node at this moment. */
  readonly lockedBy: string | null;
  readonly powerState: string | null;
  readonly retired: boolean;
  readonly lessee: string | null;
  /** Who may use it: our project, because it leases or owns the server; others alone; or anybody. */
  readonly tenancy: 'ours' | 'others' | 'anybody';
  /** What is under way: of the cleaning while the server is cleaned, else of the deployment. */
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
  /** What it can do, by OpenStack's standard names and `CUSTOM_` ones. */
  readonly traits: readonly string[];
  /** The conductors that look after it; empty for those of no group. */
  readonly conductorGroup: string;
}
