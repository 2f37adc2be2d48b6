import type { DeprovisionService } from '../../src/core/deprovision/deprovision.js';
import type { Survey } from '../../src/core/inventory/survey.js';
import type { ProvisionService } from '../../src/core/provision/provision.js';
import type { StatusService } from '../../src/core/status/wait-for-change.js';
import type { FaultScript } from '../support/faults/fault-table.js';

/** A server as Ironic has it. */
export interface Node {
  readonly uuid: string;
  readonly name: string;
  readonly provision_state: string;
  readonly instance_uuid: string | null;
  readonly instance_info: Readonly<Record<string, unknown>>;
}

/** A port in Neutron, as it is now. */
export interface TenantPort {
  readonly id: string;
  readonly isOwn: boolean;
  readonly deploymentId: string;
  readonly revision: number;
}

/** A few servers of an Ironic, and copies of this program whose requests go through the faults of a script. */
export interface FaultLab {
  readonly script: FaultScript;
  /** The class of the servers, of which two are free and one is reserved by somebody else. */
  readonly resourceClass: string;
  /** What images are called here. */
  readonly images: { readonly first: string; readonly firstById: string; readonly second: string };
  /** A fresh process: it knows nothing of what others did. */
  program(): Program;
  /** The servers of the class as Ironic shows them, read past everything that is under test. */
  nodes(): Promise<readonly Node[]>;
  /** The ids of the servers whose deployment Ironic has agreed to start, in order. */
  readonly starts: readonly string[];
  /** What Ironic has for a server's first boot, as one text. */
  configDrive(serverId: string): Promise<string>;
  /** The ids of the ports that are attached to a server. */
  vifs(serverId: string): Promise<readonly string[]>;
  /** What the image with this name is called in `instance_info`. */
  sourceOf(image: string): string;
  /** Detaches all ports of a reserved server and deletes those of its deployment, as `ironic-mcp check` says. */
  removePorts?(node: Node): Promise<void>;
  /** Sends a patch of a server as an administrator. */
  patch(serverId: string, ...patch: readonly { op: string; path: string; value?: unknown }[]): Promise<void>;
  /** The programs' clock, in milliseconds. */
  now(): number;
  /** Lets so much time pass for the programs. */
  pass(milliseconds: number): void;
}

export interface Program extends ProvisionService, StatusService {
  survey(): Promise<Survey>;
}

/** The same with a Neutron. */
export interface NeutronLab extends FaultLab {
  program(): Program & Pick<DeprovisionService, 'deprovision'>;
  /** The ports in Neutron. */
  tenantPorts(): readonly TenantPort[];
}
