import { randomUUID } from 'node:crypto';
import type { ProvisionRequest } from '../../src/core/requests.js';
import { type Extent, extents, type FaultKind, faultTable, type Injection } from '../support/faults/fault-table.js';
import type { FaultLab } from './fault-lab.js';
import type { Scenario } from './fault-matrix.js';

const hostname = 'of-this-request';

/** A request for one of the free servers, or for any of them. */
export async function requestFor(lab: FaultLab, way: 'by id' | 'by class', keyed = false): Promise<ProvisionRequest> {
  const free = (await lab.nodes()).find((node) => node.provision_state === 'available' && !node.instance_uuid);
  return {
    ...(way === 'by id'
      ? { server_id: String(free?.uuid), image_id: lab.images.firstById }
      : { resource_class: lab.resourceClass, image_id: lab.images.first }),
    hostname,
    ...(keyed ? { idempotency_key: randomUUID() } : {}),
  };
}

/** A deployment by id and by class, with and without an idempotency key. */
export function ordinaryScenarios(openLab: () => Promise<FaultLab>): readonly Scenario[] {
  return (['by id', 'by class'] as const).flatMap((way) =>
    [false, true].map(
      (keyed): Scenario => ({
        name: `${way}, ${keyed ? 'with' : 'without'} a key`,
        outcome: 'deployed',
        openLab,
        request: (lab) => requestFor(lab, way, keyed),
      }),
    ),
  );
}

/** Requests that change something: only those can do harm when they arrive late or twice. */
const changes = new Set([
  ...['change of the server', 'start', 'attach', 'detach', 'reboot'],
  ...['make a port', 'claim a port', 'delete a port'],
]);

export function isChange(kind: string): boolean {
  return changes.has(kind);
}

/** Every fault at every request of a run in which nothing went wrong, from the first of a kind on. */
export function casesOf(log: readonly string[], from = log[0]): readonly Injection[] {
  const begin = log.indexOf(String(from));
  return log.slice(begin).flatMap((kind, index) => {
    const nth = log.slice(0, begin + index + 1).filter((each) => each === kind).length;
    const faults = faultTable.filter(({ delivery }) => isChange(kind) || ['never', 'at once'].includes(delivery));
    return faults.flatMap((fault) =>
      extents.filter((extent) => isWorthwhile(kind, fault, extent)).map((extent) => ({ kind, nth, fault, extent })),
    );
  });
}

function isWorthwhile(kind: string, { reply }: FaultKind, extent: Extent): boolean {
  // 16 MiB for each request would take the test minutes, and shows no more than stalled bodies do.
  if (reply === 'endless body') return extent === 'once';
  // A deployment that needs no answer to a read is over.
  return extent !== 'with all of its kind' || isChange(kind);
}

/** Two faults on the same change: one by which an answer is lost, or has a twin, and one on what follows. */
export const twofold: readonly (readonly [Injection, Injection])[] = ['change of the server', 'start'].flatMap((kind) =>
  faultTable
    .filter(({ reply, delivery }) => reply === 'reset' || delivery === 'twice')
    .flatMap((first) =>
      faultTable
        .filter(({ name }) => ['refused connection', 'reset, never delivered', '503', '409 locked'].includes(name))
        .flatMap((second) =>
          extents.map((extent): [Injection, Injection] => [
            { kind, nth: 1, fault: first, extent: 'once' },
            { kind, nth: 2, fault: second, extent },
          ]),
        ),
    ),
);

export function wordsOfCase({ kind, nth, fault, extent }: Injection): string {
  return `${kind} ${nth}, ${fault.name}, ${extent}`;
}
