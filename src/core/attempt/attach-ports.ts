import { again, persisting } from '../async/retry.js';
import type { NetworkPort } from '../network-service.js';
import { claimEarlier, makePort, type PortMaking } from '../networks/tenant-ports.js';
import { Refused } from '../ports.js';
import { displayName } from '../status/provision-status.js';
import { type Attempt, lookAgain, type Overtaken, overtakenBy, readBeforeChange } from './attempt.js';
import { unattached } from './attempt-failures.js';
import type { RefusedHolding, Reserved } from './holding.js';

/** Connects a reserved server: makes the ports of its networks, and attaches them and the ports that the caller named. */
export async function attachPorts(attempt: Attempt, reserved: Reserved): Promise<Reserved | RefusedHolding> {
  const { deploying, server, plan, signal } = attempt;
  const { bareMetal } = deploying;
  if (plan.vifs.length + plan.networks.length === 0) return reserved;
  const ports = new Set(reserved.ports);
  let holding = { ...reserved, ports, seenAt: null };

  /** Attaches one port. What has come in between is answered; null if nothing has. */
  const attach = (port: string, isOwn: boolean) =>
    persisting<Overtaken | null>({
      ...deploying,
      until: plan.until,
      async change() {
        // Ironic takes no condition here: the port would go to anyone who has the server by now.
        const between = overtakenBy(attempt, reserved.server, await lookAgain(attempt));
        if (between !== null) return between;
        ports.add(port);
        await bareMetal.attach(server.id, port, signal);
        return null;
      },
      async settle({ error, lost }) {
        // A port of our own is deleted with the attempt, and nothing can attach it then.
        if (lost && !isOwn) holding = { ...holding, mayArrive: { ...holding.mayArrive, port } };
        if (error instanceof Refused && !error.isBusy) throw error;
        return again;
      },
    });

  try {
    const recorded = await recordedOn(attempt);
    holding = { ...holding, madePorts: plan.networks.length > 0 };
    const tenantPorts = await tenantPortsOf(attempt, recorded);
    const own = tenantPorts.map(({ id }) => id);
    for (const port of [...own, ...plan.vifs].filter((each) => !recorded.includes(each))) {
      const overtaken = await attach(port, own.includes(port));
      if (overtaken !== null) return { ...holding, kind: 'refused', ...overtaken };
    }
    return { ...holding, ports: new Set([...ports, ...own]), tenantPorts };
  } catch (error) {
    return { ...holding, kind: 'refused', failure: unattached(server, plan, error) };
  }
}

/** The ports that are attached already. A server that had no deployment of ours has been seen to have none. */
async function recordedOn(attempt: Attempt): Promise<readonly string[]> {
  const { deploying, server, plan, signal } = attempt;
  if (plan.networks.length > 0 && !mayHaveEarlier(attempt)) return [];
  const cards = await readBeforeChange(deploying.bareMetal.cards(server.id, signal));
  return cards.flatMap(({ vif }) => vif ?? []);
}

/** Whether an earlier attempt at the same deployment may have left ports. */
function mayHaveEarlier({ plan }: Attempt): boolean {
  return plan.keyed || plan.retrying;
}

/** The ports of the plan's networks: those that an earlier attempt has left, and new ones. */
async function tenantPortsOf(attempt: Attempt, recorded: readonly string[]): Promise<readonly NetworkPort[]> {
  const { deploying, server, plan, signal } = attempt;
  const { networks, bareMetal } = deploying;
  if (networks === undefined || plan.networks.length === 0) return [];
  const { deploymentId, attemptId } = plan.reservation;
  const mark = { deploymentId, attemptId, serverId: server.id };
  const making: PortMaking = {
    ...deploying,
    networks,
    mark,
    serverName: displayName(server),
    until: plan.until,
    signal,
  };
  const earlier = mayHaveEarlier(attempt)
    ? await readBeforeChange(claimEarlier(making, plan.networks))
    : { claimed: new Map<number, NetworkPort>(), stale: [] };
  const kept = new Set([...earlier.claimed.values()].map(({ id }) => id));
  for (const port of recorded.filter((each) => !kept.has(each))) await bareMetal.detach(server.id, port, signal);
  for (const port of earlier.stale) await networks.remove(port, signal);
  const ports: NetworkPort[] = [];
  for (const [index, network] of plan.networks.entries()) {
    const taken = new Set([...kept, ...ports.map(({ id }) => id)]);
    ports.push(earlier.claimed.get(index) ?? (await makePort(making, network, index, taken)));
  }
  return ports;
}
