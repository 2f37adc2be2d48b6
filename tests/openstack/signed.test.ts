import { describe, expect, it } from 'vitest';
import { createIronic } from '../../src/openstack/ironic.js';
import { createPlainSession } from '../../src/openstack/session.js';
import { createSignedHttp } from '../../src/openstack/signed.js';
import { createFakeClock } from '../core/fake-clock.js';
import { createService, fault, forever, html, httpTo, type Reply } from './lab.js';

const service = createService('http://elsewhere.test');

/** The adapter where the settings say that Ironic is. */
function ironicThatReplies(reply: Reply) {
  service.replies(reply);
  const session = createPlainSession({ type: 'none', endpoint: service.endpoint }, undefined);
  const http = createSignedHttp({ session, service: 'baremetal', at: httpTo, timeout: 5_000 });
  return createIronic({ http, clock: createFakeClock(), random: () => 0 });
}

describe('an Ironic where there is none', () => {
  it.each<[string, Reply, string]>([
    ['a web server', html(404), 'no explanation given'],
    ['another service', fault(404, 'Not Found'), '"Not Found"'],
  ])('but %s is told of with the setting to look at', async (_, reply, words) => {
    await expect(ironicThatReplies(reply).available({}, undefined, forever)).rejects.toMatchObject({
      name: 'NoAnswer',
      words: `Ironic answered with HTTP status 404: ${words}; is there an Ironic at that address? look at OS_ENDPOINT`,
    });
    expect(service.seen).toHaveLength(1);
  });

  it('is not suspected where something on the way is at fault', async () => {
    await expect(ironicThatReplies(html(502)).errors('bm-1', forever)).rejects.toMatchObject({
      words: 'Ironic answered with HTTP status 502: no explanation given',
    });
  });
});
