import type { ProvisionRequest } from '../../src/core/requests.js';
import { faultTable } from '../support/faults/fault-table.js';
import type { FaultLab } from './fault-lab.js';
import { outcomeOf, wordsOf } from './fault-matrix.js';
import { requestFor } from './fault-requests.js';

const signal = new AbortController().signal;

/** Another request that comes while the first one's change is held back. */
const rivals = {
  'for the same server': async (first) => ({ server_id: first.server_id }),
  'for any server of the class': async (_, lab) => ({ resource_class: lab.resourceClass }),
  'with the same key': async (first) => ({ server_id: first.server_id, idempotency_key: first.idempotency_key }),
} satisfies Record<string, (first: ProvisionRequest, lab: FaultLab) => Promise<Partial<ProvisionRequest>>>;

/** What is held back, which rival comes meanwhile, and before which of its requests the held change arrives. */
export interface LateCase {
  readonly held: 'change of the server' | 'start';
  readonly rival: keyof typeof rivals;
  readonly nth: number;
}

/** No rival makes more requests than six. */
export const lateCases: readonly LateCase[] = (['change of the server', 'start'] as const).flatMap((held) =>
  (Object.keys(rivals) as (keyof typeof rivals)[]).flatMap((rival) =>
    [1, 2, 3, 4, 5, 6, 7].map((nth) => ({ held, rival, nth })),
  ),
);

/**
 * A's change is held back, B asks for the same servers, then A's change arrives. Each deployment has the image and the
 * config drive of one request, and every answer is true.
 */
export async function playLate(lab: FaultLab, { held, rival, nth }: LateCase): Promise<readonly string[]> {
  const violations: string[] = [];
  const fault = faultTable.find(({ delivery, reply }) => delivery === 'after the call' && reply === 'reset');
  if (!fault) throw new Error('no fault of the table holds a request back');
  const a: ProvisionRequest = {
    ...(await requestFor(lab, 'by id', rival === 'with the same key')),
    hostname: 'host-a',
  };
  const { server_id: _, idempotency_key: __, ...image } = { ...a, image_id: lab.images.second, hostname: 'host-b' };
  const b: ProvisionRequest = { ...image, ...(await rivals[rival](a, lab)) };

  lab.script.play({ kind: held, nth: 1, fault, extent: 'with all that follows' });
  const first = await outcomeOf(lab.program().provision(a, signal));
  lab.script.play();
  lab.script.arriveBefore(nth);
  const second = await outcomeOf(lab.program().provision(b, signal));
  await lab.script.deliver('all');
  if ('response' in first) violations.push(`A was ${wordsOf(first)}`);

  const deployed = (await lab.nodes()).filter(({ uuid }) => lab.starts.includes(uuid));
  for (const node of deployed) {
    const drive = await lab.configDrive(node.uuid);
    const whose = [a, b].filter(
      ({ image_id, hostname }) =>
        node.instance_info.image_source === lab.sourceOf(image_id) && drive.includes(String(hostname)),
    );
    // Ironic cannot reserve a server on condition that no other call with the key has one. So a different request with
    // the same key may meet the first one halfway. Then its answer says so.
    const warned =
      'failure' in second && String(second.failure.reason).includes('the config drive of one of the two requests');
    if (whose.length !== 1 && !warned) violations.push(`${node.name} deploys a mixture`);
    const told = 'response' in second && second.response.operation_id === node.uuid;
    if (told && whose[0] !== b) violations.push(`B was told ${second.response.status} of what is A's`);
    if (!told && whose[0] === b && 'response' in second) violations.push('B was told of another server than its own');
  }
  if ('response' in second && !deployed.some(({ uuid }) => uuid === second.response.operation_id)) {
    violations.push(`B was ${wordsOf(second)}, and nothing deploys`);
  }
  if (lab.starts.length > 2 || new Set(lab.starts).size !== lab.starts.length) violations.push('started twice');
  return violations;
}
