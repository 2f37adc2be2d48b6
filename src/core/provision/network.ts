import { withTimeLimit } from '../async/time-limit.js';
import { declined, strangePort } from '../attempt/attempt-failures.js';
import type { Deploying } from '../attempt/deploying.js';
import type { Outcome } from '../attempt/outcome.js';
import { Failure } from '../failures.js';
import type { ConfigDrive } from '../image.js';
import { macAddresses } from '../input/network-data.js';
import { mismatch } from '../inventory/eligibility.js';
import { unsuitable } from '../inventory/server-not-available.js';
import { setting } from '../names.js';
import type { Card } from '../network-service.js';
import { namesNetworks, neutronInterfaces } from '../networks/find-networks.js';
import { admitPorts } from '../networks/given-ports.js';
import type { PlannedNetwork } from '../networks/make-ports.js';
import { lookTime } from '../networks/server-address.js';
import { assignAddresses, staticInterfaces } from '../networks/static-networks.js';
import type { Policy } from '../policy.js';
import { Refused } from '../ports.js';
import type { ProvisionRequest } from '../requests.js';
import type { EntryAddress, Server } from '../server.js';
import { plain } from '../text/untrusted.js';
import type { RequestIdentity } from './request-identity.js';

interface Wanted {
  readonly request: ProvisionRequest;
  readonly identity: RequestIdentity;
  readonly configDrive: ConfigDrive | undefined;
  readonly signal: AbortSignal;
}

/** What one server needs for its network, found before anything is reserved. */
export interface NetworkPlan {
  readonly kind: 'planned';
  readonly configDrive: ConfigDrive | undefined;
  /** The addresses that the config drive gives to the server. */
  readonly addresses: readonly EntryAddress[];
  /** The networks of Neutron that it is to be connected to. */
  readonly networks: readonly PlannedNetwork[];
  /** The cards that Ironic may attach a port to, where they were read. */
  readonly cards: readonly Card[];
}

/** Finds out what a server needs for its network, or why it cannot have the network that is asked for. */
export async function planNetwork(
  { bareMetal, networks: neutron, policy }: Pick<Deploying, 'bareMetal' | 'networks'> & { readonly policy: Policy },
  server: Server,
  wanted: Wanted & { readonly found: readonly PlannedNetwork[] },
): Promise<NetworkPlan | Outcome> {
  const { request, identity, configDrive, found, signal } = wanted;
  const { server_id: serverRef, networks = [], vifs = [] } = request;
  const unfit = (why: string): Outcome => ({ kind: 'unfit', failure: unsuitable(serverRef ?? server.id, why) });
  const planned: NetworkPlan = { kind: 'planned', configDrive, addresses: [], networks: found, cards: [] };
  // What an earlier attempt at the same deployment has attached, this one takes over.
  const isOurs = server.deploymentId !== null && server.deploymentId === identity.deploymentId;
  const isGoingOn = isOurs || (server.deploymentId !== null && request.retry_failed === true);
  const lack = mismatch(server, { networkInterfaces: interfacesFor(networks) });
  if (lack !== undefined) return unfit(lack);
  if (networks.length + vifs.length === 0 && !isGoingOn && server.networkInterface === 'neutron') {
    return { kind: 'unfit', failure: unconnected(server, request) };
  }
  if (!isGoingOn) await admitPorts({ bareMetal, networks: neutron, policy }, vifs, server.id, signal);
  const usesNeutron = neutronInterfaces.some((each) => each === server.networkInterface);
  if (networks.length === 0 && (!usesNeutron || isGoingOn)) return planned;

  const cards = await bareMetal.cards(server.id, signal).catch((error: unknown) => {
    if (!(error instanceof Refused)) throw error;
    return declined(server, { serverRef }, error);
  });
  if (cards instanceof Failure) return { kind: 'declined', failure: cards };
  if (usesNeutron) {
    // A port that somebody has left there would connect this deployment to its network.
    const strange = cards.find(({ vif }) => vif !== null && !vifs.includes(vif))?.vif;
    if (strange && !isGoingOn) return { kind: 'unfit', failure: strangePort(server, { serverRef }, strange) };
    const usable = cards.filter(({ kind }) => kind !== 'in a bond');
    if (found.length <= usable.length) return { ...planned, cards: usable };
    return unfit(`networks has ${found.length} entries, and it has ${usable.length} network cards`);
  }
  const assigned = assignAddresses(networks, cards);
  if (assigned.kind === 'misfit') return unfit(assigned.why);
  const { networkData, addresses } = assigned;
  return { ...planned, configDrive: { ...configDrive, network_data: networkData }, addresses };
}

/** What the network interface of a server must be for what a request wants. */
export function interfacesFor(networks: ProvisionRequest['networks'] = []): readonly string[] | undefined {
  if (networks.length === 0) return undefined;
  return namesNetworks(networks) ? neutronInterfaces : staticInterfaces;
}

/** The failure of a request without ports on a server that needs one. Ironic would notice only after it has written the image. */
function unconnected(server: Server, { server_id: serverRef }: ProvisionRequest): Failure {
  return new Failure('deploy_refused', {
    id: serverRef ?? server.id,
    reason: 'its network interface is neutron, and the request names no network and no Neutron port',
    hint: `Call again with the name of a network in networks, with the ids of its Neutron ports in vifs (needs ${setting('allow_vifs')}), or choose another server.`,
  });
}

/** Warnings about the network of a server whose deployment has started, as sentences. */
export async function networkWarnings(
  { bareMetal, clock }: Pick<Deploying, 'bareMetal' | 'clock'>,
  server: Server,
  { request: { vifs = [], networks = [] }, configDrive, signal }: Omit<Wanted, 'identity'>,
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
    ...(server.networkInterface === 'flat' && vifs.length + networks.length === 0
      ? ['The system may have no network, because the network interface is flat and no Neutron port is attached.']
      : []),
  ];
}
