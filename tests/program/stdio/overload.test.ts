import { expect, it } from 'vitest';
import { faults, startFaultProxy } from '../../support/faults/fault-proxy.js';
import { openLines } from '../../support/json-rpc-lines.js';
import { localImages } from '../../support/local-images.js';
import { startSimulatedIronic } from '../../support/simulated-ironic.js';

const image = { image_id: 'file:///images/debian.qcow2' };

it('excess requests are refused at once, but never those of a deployment that has begun', async () => {
  const ironic = await startSimulatedIronic();
  const proxy = await startFaultProxy(ironic.url);
  const lines = await openLines({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, ...localImages });
  const call = async (name: string, input: object) => {
    const { result } = await lines.request('tools/call', { name, arguments: input });
    return (result as { content: { text: string }[] }).content[0]?.text ?? '';
  };

  const patch = proxy.on({ method: 'PATCH' }, faults.holdBefore);
  const reads = proxy.on({ method: 'GET', path: '/v1/nodes/00000000-' }, faults.holdBefore);
  const deployment = call('provision_server', { ...image, server_id: 'rack1-small-01' });
  await patch.reached;
  // One place is the deployment's; seven reads are sent, 256 wait, and there is no room for 37.
  const answers = Array.from({ length: 300 }, (_, index) =>
    call('provision_server', { ...image, server_id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}` }),
  );
  const refused = await Promise.all(answers.slice(263));
  expect(new Set(refused)).toEqual(
    new Set([
      [
        'Too many requests in progress',
        'Reason: 256 requests are already waiting',
        'Next: Try again in a few seconds.',
        'Code: overloaded',
        'Retryable: yes',
      ].join('\n'),
    ]),
  );
  patch.release();
  reads.release();
  expect(JSON.parse(await deployment)).toMatchObject({ status: 'accepted' });
  for (const answer of await Promise.all(answers.slice(0, 263))) expect(answer).toContain('Code: server_not_found');
  const order = proxy.log.map(({ method }) => method);
  // The reservation, seven reads, the one that took its place, and then the start, after another look at its server,
  // before most of those that wait: a busy machine may answer a few reads first.
  expect(order.indexOf('PUT') - order.indexOf('PATCH')).toBeLessThan(130);
  expect(order).toHaveLength(267);
  expect(await lines.leave()).toEqual({ code: 0, signal: null });
  await proxy.close();
  await ironic.close();
});
