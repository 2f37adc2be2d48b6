import { withTimeLimit } from '../async/time-limit.js';
import type { NetworkService } from '../network-service.js';
import type { Clock } from '../ports.js';
import { ownPortsOf, takeBackTime, unlessOfService } from './own-ports.js';

/** What an attempt, or a deployment that has ended, has left behind in Neutron and at its server. */
export interface Remains {
  readonly serverId: string;
  /** The ports that Ironic still records at the server, although they could not be detached. */
  readonly recorded: readonly string[];
  /** The ports of ours that could not be deleted; null if nobody can tell whether there are any. */
  readonly ports: readonly string[] | null;
  /** A request for a port may still arrive, because its answer was lost. */
  readonly mayCome: boolean;
  /** The reservation could not be released, and the ports stay with it. */
  readonly stays?: boolean;
  /**
   * A sentence about how to get rid of the ports. Undefined where no later call can take them over: only then a command
   * that deletes them cuts nobody off.
   */
  readonly next?: string | undefined;
}

/** What is left, as sentences that tell how to remove it. */
export function remainsWords({ serverId, recorded, ports, mayCome, stays, next }: Remains): readonly string[] {
  const detaching = recorded.map((port) => `openstack baremetal node vif detach ${serverId} ${port}`);
  const deleting = (ids: readonly string[]) => (next ? `. ${next}` : `: openstack port delete ${ids.join(' ')}.`);
  return [
    ...(stays ? ['Its Neutron ports stay with it: "ironic-mcp check" says how to delete them.'] : []),
    ...(recorded.length > 0
      ? [
          `Ironic still records Neutron port ${recorded.join(', ')} at server ${serverId}. If that has no new deployment: ${detaching.join(' && ')}.`,
        ]
      : []),
    ...(ports === null
      ? [
          `Neutron gave no answer, so ports of this deployment may be left there: "ironic-mcp check" lists them.${next ? ` ${next}` : ''}`,
        ]
      : []),
    ...(ports?.length ? [`Neutron port ${ports.join(', ')} is left${deleting(ports)}`] : []),
    ...(mayCome && ports?.length === 0
      ? [
          'A request for a Neutron port may still arrive, because its answer was lost: "ironic-mcp check" lists such a port.',
        ]
      : []),
  ];
}

/** Who lists the ports of a deployment, and within which time. */
export interface Lister {
  readonly networks?: NetworkService | undefined;
  readonly clock: Clock;
  readonly deploymentId: string;
  readonly signal: AbortSignal;
}

/** What attempts have left, without the ports that a later attempt has removed. */
export async function remainsNow(all: readonly Remains[], lister: Lister): Promise<readonly Remains[]> {
  const { networks, clock, deploymentId, signal } = lister;
  if (all.length === 0 || networks === undefined) return all;
  const listing = withTimeLimit({ clock, time: takeBackTime, signal }, (either) =>
    ownPortsOf(networks, deploymentId, either),
  );
  const own = await listing.catch(unlessOfService);
  if (!own) return all;
  const at = (id: string) => own.flatMap(({ port, mark }) => (mark.serverId === id ? [port.id] : []));
  return all.map((each) => ({ ...each, ports: at(each.serverId) }));
}
