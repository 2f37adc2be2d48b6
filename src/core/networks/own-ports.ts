import { mayPass, pauseAfter, type Retrying, retries } from '../async/retry.js';
import { withTimeLimit } from '../async/time-limit.js';
import type { NetworkPort, NetworkService } from '../network-service.js';
import { type BareMetal, type Clock, NoAnswer, Refused } from '../ports.js';
import type { Server } from '../server.js';
import { meaningOf } from '../states.js';

/**
 * What a port of ours says about itself in its description. The deployment id alone does not tell whose a port is: the
 * same idempotency key gives the same id again after an undeployment.
 */
export interface Mark {
  readonly deploymentId: string;
  readonly attemptId: string;
  readonly serverId: string;
}

/** A port that this program made, by all of its marks. */
export interface OwnPort {
  readonly port: NetworkPort;
  readonly mark: Mark;
}

/** How long (ms) it takes at most to delete the ports of an attempt, or to detach one port. */
export const takeBackTime = 10_000;

const pattern = /^ironic-mcp deployment (\S+) attempt (\S+) server (\S+)$/;

/** The description of a port that an attempt makes. */
export function descriptionOf({ deploymentId, attemptId, serverId }: Mark): string {
  return `ironic-mcp deployment ${deploymentId} attempt ${attemptId} server ${serverId}`;
}

/** Reads it; null where somebody else has written the description. */
export function markOf({ deviceId, description }: NetworkPort): Mark | null {
  const [, deploymentId, attemptId, serverId] = pattern.exec(description) ?? [];
  if (deploymentId === undefined || attemptId === undefined || serverId === undefined) return null;
  return deploymentId === deviceId ? { deploymentId, attemptId, serverId } : null;
}

/** The ports that this program made for a deployment, the oldest first. */
export async function ownPortsOf(
  networks: NetworkService,
  deploymentId: string,
  signal: AbortSignal,
): Promise<readonly OwnPort[]> {
  const key = ({ port }: OwnPort) => `${port.createdAt} ${port.id}`;
  return (await networks.ownPorts(deploymentId, signal))
    .flatMap((port) => {
      const mark = markOf(port);
      return mark === null ? [] : [{ port, mark }];
    })
    .sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

/**
 * Whether the attempt that made a port has ended, so that the port is of no use.
 *
 * An attempt makes ports only after it has reserved its server. So list the ports first, and then find the server that
 * carries their deployment: if that does not name the attempt, the attempt has lost its reservation.
 *
 * @param carrier Null if no server carries the deployment, as far as we may see.
 * @param visible A server that we may see.
 */
export function hasEnded({ attemptId, serverId }: Mark, carrier: Server | null, visible: string): boolean {
  if (carrier === null) return serverId === visible;
  if (carrier.id !== serverId || meaningOf(carrier).freeing) return true;
  return carrier.attemptId !== null && carrier.attemptId !== attemptId;
}

/** Where ports of a deployment are looked for. */
export interface PortSearch {
  readonly bareMetal: BareMetal;
  readonly networks?: NetworkService | undefined;
  readonly clock: Clock;
  readonly server: Server;
  readonly deploymentId: string;
  /** The signal of a change. */
  readonly signal: AbortSignal;
}

/** The ports of ours, by all of their marks, that Ironic records at a server; none where nobody tells in time. */
export async function ownPortsAt(search: PortSearch): Promise<readonly string[]> {
  const { bareMetal, networks, clock, server, deploymentId, signal } = search;
  if (networks === undefined) return [];
  const found = withTimeLimit({ clock, time: takeBackTime, signal }, async (either) => {
    const recorded = (await bareMetal.cards(server.id, either)).flatMap(({ vif }) => vif ?? []);
    const own = recorded.length > 0 ? await ownPortsOf(networks, deploymentId, either) : [];
    return own.flatMap(({ port }) => (recorded.includes(port.id) ? [port.id] : []));
  });
  return (await found.catch(unlessOfService)) ?? [];
}

/** A deployment that has ended on a server, or an attempt at it. */
export interface Ended extends Retrying {
  readonly bareMetal: BareMetal;
  readonly networks: NetworkService;
  readonly deploymentId: string;
  readonly serverId: string;
  /** The signal of a change. */
  readonly signal: AbortSignal;
  /** Told how many ports of the deployment each list shows. */
  readonly onListed?: (count: number) => void;
}

/**
 * Deletes the ports of every attempt at a deployment that has ended, and no other port. A port that was changed after it
 * was listed stays. Returns the ids of the ports that are left; null if it is unknown whether any are.
 */
export async function removeEnded(ended: Ended): Promise<readonly string[] | null> {
  const { bareMetal, networks, deploymentId, serverId, clock, random, signal } = ended;
  let left: readonly string[] | null = null;
  const { attempts } = retries.lostAnswer;
  await withTimeLimit({ clock, time: takeBackTime, signal }, async (either) => {
    for (let round = 1; round <= attempts; round += 1) {
      if (round > 1) await clock.sleep(pauseAfter(round - 1, retries.lostAnswer, random), either);
      try {
        if (await removeOnce(either)) return;
      } catch (error) {
        if (!mayPass(error)) return unlessOfService(error);
      }
    }
  });
  return left;

  /** One round. Answers whether nothing is left: whether a list showed no port of an attempt that has ended. */
  async function removeOnce(either: AbortSignal): Promise<boolean> {
    const ports = await ownPortsOf(networks, deploymentId, either);
    ended.onListed?.(ports.length);
    const carrier = ports.length === 0 ? null : await bareMetal.findByDeployment(deploymentId, either);
    const useless = ports.filter(({ mark }) => hasEnded(mark, carrier, serverId));
    const isInUse = carrier !== null && !meaningOf(carrier).freeing && useless.length > 0;
    const cards = isInUse ? await bareMetal.cards(carrier.id, either) : [];
    // The attempt that has the server by now takes over what is attached there.
    const over = useless.filter(({ port }) => cards.every(({ vif }) => vif !== port.id));
    const kept = new Set(over.map(({ port }) => port.id));
    left = [...kept];
    for (const { port } of over) {
      await networks.remove(port, either).then(() => kept.delete(port.id), unlessOfService);
      left = [...kept];
    }
    // What arrived meanwhile, the next list shows.
    return over.length === 0;
  }
}

/** What a started attempt uses of the ports that it has made. */
export interface Used {
  readonly networks: NetworkService;
  readonly clock: Clock;
  readonly mark: Mark;
  readonly ports: readonly NetworkPort[];
  /** The signal of a change. */
  readonly signal: AbortSignal;
}

/**
 * Deletes the ports that an attempt made through requests whose answers were lost, and does not use. Returns how many it
 * has deleted and which are left; null if it is unknown whether any are.
 */
export async function removeUnused({ networks, clock, mark, ports, signal }: Used) {
  let deleted = 0;
  let left: readonly string[] | null = null;
  const removing = withTimeLimit({ clock, time: takeBackTime, signal }, async (either) => {
    const own = await ownPortsOf(networks, mark.deploymentId, either);
    const isUnused = (each: OwnPort) =>
      each.mark.attemptId === mark.attemptId && ports.every(({ id }) => id !== each.port.id);
    const unused = own.filter(isUnused).map(({ port }) => port);
    left = unused.map(({ id }) => id);
    for (const port of unused) {
      // Refused if another call has taken it over since.
      await networks.remove(port, either).then(() => {
        deleted += 1;
        left = left?.filter((id) => id !== port.id) ?? null;
      }, unlessOfService);
    }
  });
  await removing.catch(unlessOfService);
  return { deleted, left: left as readonly string[] | null };
}

/** Of a port's error: nobody tells, or may change, what is there. */
export function unlessOfService(error: unknown): void {
  if (!(error instanceof NoAnswer || error instanceof Refused)) throw error;
}
