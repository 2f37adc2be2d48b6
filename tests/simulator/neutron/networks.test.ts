import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Network } from '../../../src/simulator/world/network.js';
import { addPorts } from '../../support/tenant-ports.js';
import { setup } from '../harness.js';

interface Recorded {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly answer: Readonly<Record<string, unknown>> | null;
  readonly body?: unknown;
  readonly ifMatch?: string;
}

/** What Neutron 21 answered to each request, one after the other. */
const recorded = JSON.parse(
  readFileSync(new URL('../../golden/neutron-answers.json', import.meta.url), 'utf8'),
) as readonly Recorded[];

/** The network on which they were recorded, and the ports that were there. */
const network: Network = {
  id: '8efeae75-945b-4f77-b3be-6fbb2333a947',
  name: 'tenant-a',
  shared: false,
  created_at: 0,
  subnets: [
    {
      id: '5f5a90c2-ffac-438c-a7ec-21820ae2390d',
      version: 4,
      cidr: '10.30.0.0/24',
      prefix: '10.30.0.',
      gateway: '10.30.0.1',
      enable_dhcp: true,
    },
  ],
};
const ports = ['4bbc4415-4257-49be-aea1-eed2ed7b6e41', 'a8d15778-e51b-4a89-9326-624b91861ded'];

let sim: ReturnType<typeof setup>;
beforeEach(() => {
  sim = setup();
  sim.world.networks.clear();
  sim.world.networks.set(network.id, network);
  addPorts(sim.world, ...ports);
});

async function send({ method, path, body, ifMatch }: Pick<Recorded, 'method' | 'path' | 'body' | 'ifMatch'>) {
  const headers = { 'content-type': 'application/json', ...(ifMatch ? { 'if-match': ifMatch } : {}) };
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await sim.fetch(new Request(`http://sim${path}`, { method, headers, ...init }));
  const text = await response.text();
  return { status: response.status, answer: text === '' ? null : (JSON.parse(text) as Record<string, unknown>) };
}

/** The names of what is in an answer, and what a refusal says. */
function formOf(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.slice(0, 1).map(formOf);
  if (typeof answer !== 'object' || answer === null) return typeof answer;
  if ('NeutronError' in answer) return answer;
  // Somebody had given the recorded port tags.
  const entries = Object.entries(answer).map(([name, value]) => [name, name === 'tags' ? 'tags' : formOf(value)]);
  return Object.fromEntries(entries);
}

describe('the simulated Neutron answers as a recorded one did:', () => {
  it.each(recorded)('$name', async ({ name, status, answer, ...request }) => {
    if (name === 'n104b-port-fixed-ip-taken') await send({ ...request });
    const [first] = ports;
    const port = sim.world.tenantPorts.get(String(first));
    if (port) port.revision = 10;
    if (name === 'n171b-find-it-again')
      Object.assign(port ?? {}, { device_id: '7254302d-bc8c-4ca6-a980-55b8ee592165' });
    const given = await send(request);
    expect(given.status).toBe(status);
    expect(formOf(given.answer)).toEqual(formOf(answer));
  });
});

describe('a port of the simulated Neutron', () => {
  it('gets the next free address, and each change counts', async () => {
    const { answer } = await send({ method: 'POST', path: '/v2.0/ports', body: { port: { network_id: network.id } } });
    const { id, fixed_ips } = (answer?.port ?? {}) as { id: string; fixed_ips: object };
    expect(fixed_ips).toEqual([{ subnet_id: network.subnets[0]?.id, ip_address: '10.30.0.2' }]);
    const renamed = await send({ method: 'PUT', path: `/v2.0/ports/${id}`, body: { port: { name: 'web' } } });
    expect(renamed.answer).toMatchObject({ port: { name: 'web', revision_number: 2 } });
  });

  it('is refused when no address is left', async () => {
    const create = () => send({ method: 'POST', path: '/v2.0/ports', body: { port: { network_id: network.id } } });
    for (let count = 0; count < 253; count += 1) await create();
    expect(await create()).toMatchObject({
      status: 409,
      answer: { NeutronError: { type: 'IpAddressGenerationFailure' } },
    });
  });

  it('has its subnets beside it', async () => {
    const { answer } = await send({ method: 'GET', path: `/v2.0/subnets?network_id=${network.id}&fields=cidr` });
    expect(answer).toEqual({ subnets: [{ cidr: '10.30.0.0/24' }] });
  });
});
