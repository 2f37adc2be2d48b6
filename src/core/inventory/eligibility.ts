import type { Criteria } from '../ports.js';
import type { Server } from '../server.js';
import { stateMeaning, stateName } from '../states.js';
import { isoTime } from '../status/provision-status.js';
import { namedImage } from '../text/image-ref.js';
import { named } from '../text/untrusted.js';

/** Why nobody else may touch a server of Metal3, as a clause. */
export const ownedByMetal3 = 'its name marks it as one of Metal3, whose operator owns it';

/** The operator of Metal3 takes any server that carries such a name for its own, and undeploys it. */
export function isOfMetal3({ name }: Server): boolean {
  return name?.includes('~') === true;
}

/** Why a server cannot be deployed now, as a clause; undefined when it can. */
export function obstacleTo(server: Server): string | undefined {
  if (server.provisionState !== 'available') return stateObstacle(server);
  if (server.deploymentId !== null) return `it is reserved as deployment ${named(server.deploymentId)}`;
  if (server.maintenance) return 'it is in maintenance';
  if (server.retired) return 'it is retired';
  if (isOfMetal3(server)) return ownedByMetal3;
  return undefined;
}

/** Why a server is not chosen when nobody names it, though whoever names it may deploy it: in few words, for lists. */
export function obstacleToChoosing(server: Server): string | undefined {
  if (server.lessee !== null) return 'leased: only by server_id';
  if (server.powerState === null) return 'power state unknown: only by server_id';
  return undefined;
}

/** What a server lacks of what is sought, as a clause; undefined when nothing. */
export function mismatch(server: Server, { resourceClass, traits = [], conductorGroup }: Criteria): string | undefined {
  if (resourceClass !== undefined && server.resourceClass !== resourceClass) {
    return `its resource class is ${server.resourceClass === null ? 'not set' : named(server.resourceClass)}`;
  }
  if (conductorGroup !== undefined && server.conductorGroup !== conductorGroup) {
    return `its conductor group is ${server.conductorGroup ? named(server.conductorGroup) : 'the default one'}`;
  }
  const missing = traits.filter((trait) => !server.traits.includes(trait));
  return missing.length === 0 ? undefined : `it does not have the trait ${missing.join(', ')}`;
}

/** Whether a server may be chosen for somebody who seeks such a one, and names none. */
export function isChoice(server: Server, criteria: Criteria): boolean {
  return (obstacleTo(server) ?? obstacleToChoosing(server) ?? mismatch(server, criteria)) === undefined;
}

function stateObstacle(server: Server): string {
  const meaning = stateMeaning(server.provisionState);
  const given =
    meaning && meaning.outcome !== 'none' && server.entry
      ? `; it was given image ${namedImage(server.entry.image)} at ${isoTime(Date.parse(server.entry.started_at))}`
      : '';
  return `its state is ${stateName(server.provisionState)}${given}`;
}
