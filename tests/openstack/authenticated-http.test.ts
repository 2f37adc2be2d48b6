import { describe, expect, it } from 'vitest';
import { createAuthenticatedHttp } from '../../src/openstack/authenticated-http.js';
import { createGlance } from '../../src/openstack/glance.js';
import { createIronic } from '../../src/openstack/ironic.js';
import { createPlainSession } from '../../src/openstack/session.js';
import { createFakeClock } from '../core/fake-clock.js';
import { createService, fault, forever, html, httpTo, json, type Reply } from './lab.js';

const service = createService('http://elsewhere.test');

const redirect: Reply = () => new Response(null, { status: 302, headers: { location: '/login' } });

/** The adapter, at the address in the settings. */
function ironicThatReplies(reply: Reply) {
  service.replies(reply);
  const session = createPlainSession({ type: 'none', endpoint: service.endpoint }, {});
  const http = createAuthenticatedHttp({ session, service: 'baremetal', at: httpTo, timeout: 5_000 });
  return createIronic({ http, clock: createFakeClock(), random: () => 0 });
}

describe('an address without an Ironic', () => {
  it.each<[string, Reply, string]>([
    ['a web server', html(404), 'Ironic answered with HTTP status 404: no explanation given'],
    ['another service', fault(404, 'Not Found'), 'Ironic answered with HTTP status 404: "Not Found"'],
    ['a page to log in on', redirect, 'Ironic answered with HTTP status 302: no explanation given'],
    ['a page', html(200), "Ironic's answer cannot be read (HTTP status 200)"],
    ['JSON of another service', json({ versions: [] }), "Ironic's answer cannot be read (HTTP status 200)"],
  ])('but %s is reported with the setting to check', async (_, reply, words) => {
    await expect(ironicThatReplies(reply).listFree({}, undefined, forever)).rejects.toMatchObject({
      name: 'NoAnswer',
      words: `${words}; check that Ironic runs at this address (OS_ENDPOINT)`,
    });
    expect(service.seen).toHaveLength(1);
  });

  it('is not suspected if a proxy fails', async () => {
    await expect(ironicThatReplies(html(502)).errors('bm-1', forever)).rejects.toMatchObject({
      words: 'Ironic answered with HTTP status 502: no explanation given',
    });
  });
});

describe('an address without an image service', () => {
  it.each<[string, Reply, string]>([
    ['a page', html(200), "The image service's answer cannot be read"],
    ['a web server', html(404), 'The image service answered with HTTP status 404: no explanation given'],
    ['a page to log in on', redirect, 'The image service answered with HTTP status 302: no explanation given'],
  ])('but %s is reported with the setting to check', async (_, reply, words) => {
    service.replies(reply);
    const session = createPlainSession({ type: 'none', endpoint: 'http://ironic.test' }, { image: service.endpoint });
    const http = createAuthenticatedHttp({ session, service: 'image', at: httpTo, timeout: 5_000 });
    const images = createGlance({ http, clock: createFakeClock(), random: () => 0 });
    await expect(images.list(forever)).rejects.toMatchObject({
      words: `${words}; check that Glance runs at this address (OS_IMAGE_ENDPOINT_OVERRIDE)`,
    });
  });
});
