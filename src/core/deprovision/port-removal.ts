import { type Changes, signalOfChange } from '../async/changes.js';
import { withWords } from '../attempt/attempt-failures.js';
import type { Deploying } from '../attempt/deploying.js';
import type { Failure } from '../failures.js';
import { neutronInterfaces } from '../networks/find-networks.js';
import { type Ended, ownPortsAt, removeEnded } from '../networks/own-ports.js';
import { remainsWords } from '../networks/remains.js';
import type { DeprovisionRequest, DeprovisionResponse } from '../requests.js';
import type { Server } from '../server.js';

/** What a call to end a deployment does about its ports in Neutron. */
export function createPortRemoval(options: Deploying & { readonly changes: Changes }) {
  const { networks, changes } = options;

  /** Deletes the ports of a deployment that has ended. Answers what is left, as sentences. */
  async function remove(ended: Pick<Ended, 'serverId' | 'deploymentId' | 'onListed'>, isTold: boolean) {
    const { serverId, deploymentId } = ended;
    if (networks === undefined) return [];
    const ports = await changes.run(() => removeEnded({ ...options, networks, ...ended, signal: signalOfChange() }));
    // The same key gives the same deployment id again, and its next attempt may use them: so no command without a look.
    const next = `Repeat this call with deployment_id ${deploymentId} to delete what is left.`;
    return remainsWords({ serverId, recorded: [], ports: isTold ? ports : (ports ?? []), mayCome: false, next });
  }

  return {
    /**
     * The answer, once the ports of the deployment have been deleted; it tells what is left.
     * @param begun Whether this call has started the undeployment, so that no other one has deleted the ports.
     */
    async removedFor(server: Server, request: DeprovisionRequest, response: DeprovisionResponse, begun = false) {
      const { entry, id: serverId } = server;
      const deploymentId = server.deploymentId ?? request.deployment_id;
      // Where Ironic has forgotten the entry, late ports are looked for.
      const mayHave = entry
        ? (entry.networks?.length ?? 0) > 0
        : neutronInterfaces.some((each) => each === server.networkInterface);
      if (!deploymentId || !mayHave) return response;
      let first: number | undefined;
      const onListed = (count: number) => {
        first ??= count;
      };
      const isTold = entry !== null || request.deployment_id !== undefined;
      const words = await remove({ serverId, deploymentId, onListed }, isTold);
      const unseen = begun && entry !== null && first === 0 ? [ofAnotherProject] : [];
      return { ...response, message: [response.message, ...words, ...unseen].join(' ') };
    },

    /** The failure of a call about a deployment that is gone, once the ports that it has left have been deleted. */
    async removedWith(failure: Failure, { operation_id: serverId, deployment_id: deploymentId }: DeprovisionRequest) {
      if (deploymentId === undefined) return failure;
      const words = await remove({ serverId, deploymentId }, true);
      return words.length === 0 ? failure : withWords(failure, words);
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

/** Neutron shows a project only its own ports. */
const ofAnotherProject =
  'Neutron shows this project no port of the deployment. If another project deployed it, its ports may be left there: "ironic-mcp check" lists them when it runs for that project.';
