import { type Changes, signalOfChange } from '../async/changes.js';
import type { Deploying } from '../attempt/outcome.js';
import { neutronInterfaces } from '../networks/find-networks.js';
import { ownPortsAt, removeEnded } from '../networks/own-ports.js';
import { remainsWords } from '../networks/remains.js';
import type { DeprovisionRequest, DeprovisionResponse } from '../requests.js';
import type { Server } from '../server.js';

/** What a call to end a deployment does about its ports in Neutron. */
export function createPortRemoval(options: Deploying & { readonly changes: Changes }) {
  const { networks, changes } = options;

  /** Deletes the ports of a deployment that has ended. Answers what is left, as sentences. */
  async function remove(server: Server, deploymentId: string | null | undefined): Promise<readonly string[]> {
    const { entry, id: serverId } = server;
    // Where Ironic has forgotten the entry, late ports are looked for, but nobody is told that there may be any.
    const isKnown = entry !== null;
    const mayHave = isKnown
      ? (entry.networks?.length ?? 0) > 0
      : neutronInterfaces.some((each) => each === server.networkInterface);
    if (networks === undefined || !deploymentId || !mayHave) return [];
    const ended = { ...options, networks, deploymentId, serverId, signal: signalOfChange() };
    const ports = await changes.run(() => removeEnded(ended));
    return remainsWords({ serverId, recorded: [], ports: isKnown ? ports : (ports ?? []), mayCome: false });
  }

  return {
    /** The answer, once the ports of the deployment have been deleted; it tells what is left. */
    async removedFor(server: Server, request: DeprovisionRequest, response: DeprovisionResponse) {
      const words = await remove(server, server.deploymentId ?? request.deployment_id);
      return { ...response, message: [response.message, ...words].join(' ') };
    },

    /** The ports on a reserved server that its request has attached: those that we made, and those that it named. */
    async attachedTo(server: Server, signal: AbortSignal): Promise<ReadonlySet<string>> {
      const { entry, deploymentId } = server;
      const { networks: named = [], vifs = [] } = entry ?? {};
      if (named.length + vifs.length === 0) return new Set();
      const search = { ...options, server, deploymentId: deploymentId ?? '', signal };
      const own = named.length > 0 ? await ownPortsAt(search) : [];
      return new Set([...own, ...vifs]);
    },
  };
}
