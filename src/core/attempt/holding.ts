import type { Failure } from '../failures.js';
import type { NetworkPort } from '../network-service.js';
import type { Server } from '../server.js';

/** The requests of an attempt that may still take effect, because their answer is lost or cannot be trusted. */
export interface MayArrive {
  /** The reservation, even after everything was undone. */
  readonly reservation: boolean;
  /** The attachment of this port of the caller. Undo nothing: the port could end up on somebody else's server. */
  readonly port: string | null;
  /** The attachment of a port of our own. The port is deleted with the attempt, and then nothing can attach it. */
  readonly ownAttachment: boolean;
  /** How many requests for a new port in Neutron. */
  readonly newPorts: number;
  /**
   * The start: something on the way may have delivered it twice, and Ironic refused the second delivery. The reservation
   * may still be undone, because the undo reads the server first.
   */
  readonly startSentTwice: boolean;
}

export const nothing: MayArrive = {
  reservation: false,
  port: null,
  ownAttachment: false,
  newPorts: 0,
  startSentTwice: false,
};

/** What an attempt holds once it has reserved a server, or may have. */
export interface Holding {
  /** As Ironic showed it when it was reserved; null if no answer came. */
  readonly server: Server | null;
  /** The Neutron ports that the attempt may have attached. */
  readonly ports: ReadonlySet<string>;
  /** Whether the attempt may have made ports in Neutron. */
  readonly madePorts: boolean;
  readonly mayArrive: MayArrive;
  /** Somebody else's deployment was on the server before it was reserved. */
  readonly alreadyDeployed: boolean;
}

export interface Reserved extends Holding {
  readonly kind: 'reserved';
  readonly server: Server;
  /** When the request was sent that showed this server, by the clock; null if anything came between since. */
  readonly seenAt: number | null;
  /** The ports of the plan's networks, in their order. */
  readonly tenantPorts: readonly NetworkPort[];
  /** Ironic's records are to show that the ports are attached: its word alone does not. */
  readonly inDoubt: boolean;
}

export type Blamed = 'request' | 'server';

export interface RefusedHolding extends Holding {
  readonly kind: 'refused';
  readonly failure: Failure;
  /** The server still carries our deployment id, but another description. */
  readonly isOtherwise?: boolean;
  /** What a failure is about, if its code does not tell: with `request`, no other server would do better. */
  readonly blames?: Blamed;
}
