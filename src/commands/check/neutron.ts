import type { NetworkPort, NetworkService } from '../../core/network-service.js';
import { hasEnded, markOf, unlessOfService } from '../../core/networks/own-ports.js';
import type { Policy } from '../../core/policy.js';
import { type BareMetal, NoAnswer, Refused } from '../../core/ports.js';
import { plain } from '../../core/text/untrusted.js';
import type { Finding } from './report.js';

/** More deployments are not looked up. */
const mostLookUps = 50;

/** Whether Neutron answers, which networks it shows, and which ports of ours no server uses. */
export async function neutronIn(
  networks: NetworkService,
  bareMetal: BareMetal,
  policy: Policy,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  try {
    const all = await networks.list(signal);
    const usable = all.filter((network) => network.subnetIds.length > 0 && policy.allowsNetwork(network));
    const names = usable.slice(0, 5).map(({ name }) => plain(name, 60));
    const shown = usable.length > names.length ? [...names, '…'] : names;
    const detail = `${usable.length} networks can be named in networks${usable.length > 0 ? `: ${shown.join(', ')}` : ''}`;
    const { useless, skipped } = await uselessIn(await networks.ownPorts(undefined, signal), bareMetal, signal);
    const rest = skipped > 0 ? `; ports of ${skipped} more deployments were not looked at` : '';
    return [{ outcome: 'ok', detail: `${detail}${rest}` }, ...useless.map(uselessPort)];
  } catch (error) {
    if (!(error instanceof NoAnswer || error instanceof Refused)) throw error;
    // Nothing but networks by name needs it.
    return [
      {
        outcome: 'warning',
        detail: error.words,
        next: 'Without Neutron, networks takes addresses only, on servers with the network interface noop.',
      },
    ];
  }
}

async function uselessIn(ports: readonly NetworkPort[], bareMetal: BareMetal, signal: AbortSignal) {
  const all = [...new Set(ports.map(({ deviceId }) => deviceId))];
  const deployments = all.slice(0, mostLookUps);
  const carriers = await Promise.all(deployments.map((id) => bareMetal.findByDeployment(id, signal)));
  // After the ports and their servers: what a deployed server uses has been attached long before.
  const recorded = carriers.some((carrier) => carrier?.provisionState === 'active')
    ? await bareMetal.recordedAt(signal).catch(unlessOfService)
    : undefined;
  const useless = ports.filter((port) => {
    const carrier = carriers[deployments.indexOf(port.deviceId)];
    const mark = markOf(port);
    if (!carrier || mark === null) return carrier === null;
    // A request for a port that arrives late can make one beside those of a deployment.
    const isUnused = carrier.provisionState === 'active' && recorded && recorded.get(port.id) !== carrier.id;
    return hasEnded(mark, carrier, carrier.id) || isUnused;
  });
  return { useless, skipped: all.length - deployments.length };
}

function uselessPort({ id, deviceId }: NetworkPort): Finding {
  return {
    outcome: 'warning',
    detail: `port ${id} was made for deployment ${plain(deviceId, 40)}, and no server that this user sees uses it`,
    next: 'Delete the port, unless a server that this user does not see uses it.',
    command: `openstack port delete ${id}`,
  };
}
