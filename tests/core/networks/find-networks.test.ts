import { describe, expect, it } from 'vitest';
import { findNetworks } from '../../../src/core/networks/find-networks.js';
import { portAddresses } from '../../../src/core/networks/server-address.js';
import { openPolicy as policy } from '../../support/open-policy.js';
import { uuid } from '../fake-bare-metal.js';
import { fakeNetworks, freePort } from './fake-networks.js';

const signal = new AbortController().signal;

describe('the networks of a request', () => {
  it('are found once each, and entries with addresses are none', async () => {
    const networks = fakeNetworks([], [{ id: uuid(1), name: 'a', mtu: 1500, subnetIds: [uuid(900)] }]);
    const requested = [{ network: 'a' }, { network: 'a', address: '10.20.0.9' }, { address: '10.21.0.9/24' }];
    expect(await findNetworks({ networks, policy }, requested, signal)).toEqual([
      { id: uuid(1), name: 'a', mtu: 1500, subnets: [], address: undefined },
      { id: uuid(1), name: 'a', mtu: 1500, subnets: [], address: '10.20.0.9' },
    ]);
  });

  it('cannot be found without a Neutron', async () => {
    const finding = findNetworks({ networks: undefined, policy }, [{ network: 'a' }], signal);
    await expect(finding).rejects.toMatchObject({
      code: 'invalid_request',
      reason: 'networks.0.network: this cloud has no Neutron; give an address with its prefix length instead',
    });
  });
});

describe('the addresses of ports', () => {
  const port = freePort({ mac: '52:54:00:00:00:05', addresses: ['10.20.0.9', 'fd00::5054:ff:fe00:5', 'fd00::9'] });

  it('have the id of a network that the request did not name, and no MAC address while the card is not known', () => {
    expect(portAddresses([port], [], {}, true)).toMatchObject([
      { address: '10.20.0.9', network: uuid(1), mac: null },
      { address: 'fd00::5054:ff:fe00:5' },
      { address: 'fd00::9' },
    ]);
  });

  it('leave out what a card makes of its MAC address before it is in use', () => {
    const cards = [{ mac: '52:54:00:00:00:06', pxe: true, vif: port.id, kind: 'single' as const }];
    const named = { networks: [{ id: uuid(1), name: 'tenant-a' }] };
    expect(portAddresses([port], cards, named, false)).toMatchObject([
      { address: '10.20.0.9', network: 'tenant-a', mac: '52:54:00:00:00:06' },
      { address: 'fd00::9' },
    ]);
  });
});
