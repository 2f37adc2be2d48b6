import { withTimeLimit } from '../async/time-limit.js';
import { declined } from '../attempt/attempt-failures.js';
import type { Deploying, Outcome } from '../attempt/outcome.js';
import { Failure } from '../failures.js';
import type { ConfigDrive } from '../image.js';
import { macAddresses } from '../input/network-data.js';
import { mismatch } from '../inventory/eligibility.js';
import { unsuitable } from '../inventory/server-not-available.js';
import { setting } from '../names.js';
import { assignAddresses, staticInterfaces } from '../networks/static-networks.js';
import { type BareMetal, Refused } from '../ports.js';
import type { ProvisionRequest } from '../requests.js';
import type { EntryAddress, Server } from '../server.js';
import { plain } from '../text/untrusted.js';

/** The longest wait for a mere warning, in milliseconds. */
const lookTime = 5_000;

interface Wanted {
  readonly request: ProvisionRequest;
  readonly configDrive: ConfigDrive | undefined;
  readonly signal: AbortSignal;
}

/** What one server needs for its network, found before anything is reserved. */
export interface NetworkPlan {
  readonly kind: 'planned';
  readonly configDrive: ConfigDrive | undefined;
  /** The addresses that the config drive gives to the server. */
  readonly addresses: readonly EntryAddress[];
}

/** Finds out what a server needs for its network, or why it cannot have the network that is asked for. */
export async function planNetwork(
  bareMetal: BareMetal,
  server: Server,
  wanted: Wanted,
): Promise<NetworkPlan | Outcome> {
  const { request, configDrive, signal } = wanted;
  const { server_id: serverRef, networks = [] } = request;
  if (networks.length === 0) {
    return (await networkObstacle(bareMetal, server, wanted)) ?? { kind: 'planned', configDrive, addresses: [] };
  }
  const unfit = (why: string): Outcome => ({ kind: 'unfit', failure: unsuitable(serverRef ?? server.id, why) });
  const lack = mismatch(server, { networkInterfaces: staticInterfaces });
  if (lack !== undefined) return unfit(lack);
  const cards = await bareMetal.cards(server.id, signal).catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error;
    return declined(server, { serverRef }, error);
  });
  if (cards instanceof Failure) return { kind: 'declined', failure: cards };
  const assigned = assignAddresses(networks, cards);
  if (assigned.kind === 'misfit') return unfit(assigned.why);
  const { networkData, addresses } = assigned;
  return { kind: 'planned', configDrive: { ...configDrive, network_data: networkData }, addresses };
}

/**
 * Why a server would have no network. Ironic would notice only after it has written the image. If Ironic refuses to show
 * the ports, the server is declined. Null if nothing is wrong.
 */
async function networkObstacle(
  bareMetal: BareMetal,
  server: Server,
  { request: { server_id: serverRef, vifs = [] }, signal }: Wanted,
): Promise<Outcome | null> {
  if (server.networkInterface !== 'neutron' || vifs.length > 0) return null;
  try {
    if ((await bareMetal.vifs(server.id, signal)).length > 0) return null;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { kind: 'declined', failure: declined(server, { serverRef }, error) };
  }
  const failure = new Failure('deploy_refused', {
    id: serverRef ?? server.id,
    reason: 'its network interface is neutron, and no Neutron port is attached',
    hint: `Call again with the ids of its Neutron ports in vifs (needs ${setting('allow_vifs')}), or choose another server.`,
  });
  return { kind: 'unfit', failure };
}

/** Warnings about the network of a server whose deployment has started, as sentences. */
export async function networkWarnings(
  { bareMetal, clock }: Pick<Deploying, 'bareMetal' | 'clock'>,
  server: Server,
  { request: { vifs = [] }, configDrive, signal }: Wanted,
): Promise<string[]> {
  const named = configDrive?.network_data ? macAddresses(configDrive.network_data) : [];
  // The deployment has started, so a failure of this read does not matter.
  const own =
    named.length > 0
      ? await withTimeLimit({ clock, time: lookTime, signal }, (either) => bareMetal.cards(server.id, either)).catch(
          () => undefined,
        )
      : undefined;
  const strange = own ? named.filter((address) => own.every(({ mac }) => mac !== address)) : [];
  return [
    ...(strange.length > 0
      ? [
          `network_data names MAC addresses that the server does not have: ${strange.map((each) => plain(each, 20)).join(', ')}.`,
        ]
      : []),
    ...(server.networkInterface === 'flat' && vifs.length === 0
      ? ['The system may have no network, because the network interface is flat and no Neutron port is attached.']
      : []),
  ];
}
