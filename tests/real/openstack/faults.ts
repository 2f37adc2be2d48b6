import { describe, expect, test } from 'vitest';
import { createAuthenticatedHttp } from '../../../src/openstack/authenticated-http.js';
import type { Auth } from '../../../src/openstack/credentials.js';
import { createGlance } from '../../../src/openstack/glance.js';
import { createKeystoneSession } from '../../../src/openstack/keystone.js';
import type { Service } from '../../../src/openstack/session.js';
import { administrator } from '../../contract/lab.js';
import type { FaultGround } from '../faults/fault-lane.js';
import { faultCases, reported } from '../faults/fault-lanes.js';
import { type Cloud, given } from './cloud.js';

const images = { first: 'debian-12', second: 'ubuntu-22.04' };

/** The tests with an Ironic alone play the faults of Ironic's requests. These are the faults of the services around it. */
const ways = ['by id, with a key', 'by class, without a key'];

/** A whole cloud. Each service is behind a proxy of its own. */
async function groundOf(cloud: Cloud): Promise<FaultGround> {
  const { auth_url, baremetal_endpoint, image_endpoint, region, users } = cloud;
  const { name, password, domain } = users.provisioner;
  const sourceOf = (image: string) => cloud.images[image] ?? image;
  return {
    admin: administrator(baremetal_endpoint, await cloud.token(users.system_admin)),
    state: `${cloud.state}/ironic`,
    services: [auth_url, baremetal_endpoint, image_endpoint].map((url) => new URL(url).origin),
    images: { ...images, firstById: given(cloud.images[images.first]) },
    // Each request to Ironic also makes one to Keystone.
    timeout: 10_000,
    lanes: 4,
    sourceOf,
    connect({ clock, timeout, open, at }) {
      const behind = (url: string) => url.replace(new URL(url).origin, at(new URL(url).origin));
      const auth: Extract<Auth, { type: 'keystone' }> = {
        type: 'keystone',
        authUrl: behind(auth_url).replace(/\/v3\/?$/, ''),
        identity: { method: 'password', user: { name, domain: { name: domain } }, password },
        scope: { project: { name: given(users.provisioner.project), domain: { id: 'default' } } },
        region,
        interface: 'public',
      };
      const overrides = { baremetal: behind(baremetal_endpoint), image: behind(image_endpoint) };
      const session = createKeystoneSession({ auth, http: open('Keystone', auth.authUrl), clock, overrides });
      const authenticated = (service: Service, called: string) =>
        createAuthenticatedHttp({ session, service, at: (address) => open(called, address), timeout });
      return {
        ironic: authenticated('baremetal', 'Ironic'),
        images: createGlance({ http: authenticated('image', 'The image service'), clock, random: Math.random }),
      };
    },
  };
}

function isOfCloud(kind: string): boolean {
  return kind === 'sign-in' || kind.startsWith('image ');
}

export function faultsOfACloud(cloud: () => Cloud): void {
  describe('whatever goes wrong once with Keystone or Glance', () => {
    test('the answer is true, nothing happens twice, and nothing is lost', async () => {
      const ground = await groundOf(cloud());
      const cases = await faultCases(ground, ways, ({ kind, extent }) => isOfCloud(kind) && extent === 'once');
      const what = `Fault matrix on Keystone and Glance, with Ironic ${cloud().version} (${ways.join('; ')})`;
      expect(await reported(what, ground, cases)).toEqual([]);
    }, 600_000);
  });
}
