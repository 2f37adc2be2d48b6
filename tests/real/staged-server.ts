import { composeCore } from '../../src/compose.js';
import { readConfig } from '../../src/config/config.js';
import type { Core } from '../../src/core/operation.js';
import type { BareMetal } from '../../src/core/ports.js';
import { systemClock } from '../../src/local/clock.js';
import { createHttp } from '../../src/openstack/http.js';
import { createIronic } from '../../src/openstack/ironic.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import type { Administrator } from '../contract/lab.js';
import { localImages } from '../support/local-images.js';

export const image = 'http://127.0.0.1:9/cirros.img';

/** The adapter and services of one copy of this program, for that Ironic. */
export async function coreAt(endpoint: string): Promise<Core> {
  const catalogue = { [image]: { source: image, checksum: 'd41d8cd98f00b204e9800998ecf8427e' } };
  return composeCore({
    ...(await readConfig({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: endpoint, ...localImages }, {})),
    catalogue,
  });
}

export function bareMetalAt(endpoint: string): BareMetal {
  const http = createHttp({ service: 'Ironic', endpoint, timeout: 30_000, queue: createRequestQueue(8) });
  return createIronic({ http, clock: systemClock, random: Math.random });
}

/** The wishes that `inside/staged_deploy.py` reads from a node. */
export interface Fate {
  readonly delay?: number;
  readonly fail?: string;
  readonly fail_unexpected?: string;
  readonly hang?: string;
  readonly fail_teardown?: boolean;
  readonly message?: string;
}

/** Takes free servers for concurrent tests, and scripts their faults. */
export function createStage(admin: Administrator) {
  const taken = new Set<string>();

  return {
    async take(fate: Fate): Promise<string> {
      const nodes = await admin.nodes('&provision_state=available&associated=false&maintenance=false');
      const node = nodes.find(({ uuid }) => !taken.has(uuid));
      if (!node) throw new Error('no free server is left for the test');
      taken.add(node.uuid);
      await admin.patch(
        node.uuid,
        { op: 'replace', path: '/deploy_interface', value: 'staged' },
        { op: 'add', path: '/extra/staged', value: fate },
      );
      return node.uuid;
    },

    /** Makes all of them free again. */
    async clear(): Promise<void> {
      for (const id of taken) {
        const { provision_state: state } = await admin.node(id);
        // The script may let the undeployment fail. It cannot be changed while Ironic works on the server.
        if (state === 'error') await admin.patch(id, { op: 'replace', path: '/extra', value: {} });
        if (state !== 'available') await admin.done('PUT', `nodes/${id}/states/provision`, { target: 'deleted' });
        await admin.until(id, 'available');
        await admin.patch(
          id,
          { op: 'replace', path: '/extra', value: {} },
          { op: 'replace', path: '/deploy_interface', value: 'fake' },
        );
        // A cancelled deployment leaves its step behind, and only a whole deployment wipes it.
        if ('step' in ((await admin.node(id)).deploy_step as object)) {
          await admin.done('PUT', `nodes/${id}/states/provision`, { target: 'active' });
          await admin.until(id, 'active');
          await admin.done('PUT', `nodes/${id}/states/provision`, { target: 'deleted' });
          await admin.until(id, 'available');
        }
      }
      taken.clear();
    },
  };
}
