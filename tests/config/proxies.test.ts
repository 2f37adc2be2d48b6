import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { proxiesIn } from '../../src/config/proxies.js';
import { connect } from '../../src/connect.js';
import { startHttpProxy } from '../support/http-proxy.js';
import { startSimulatedIronic } from '../support/simulated-ironic.js';

const [http, https] = ['http://proxy.example.org:3128', 'http://secure.example.org:3129'];
const both = { HTTP_PROXY: http, HTTPS_PROXY: https };

const wayTo = (address: string, env: Record<string, string>) => proxiesIn(env)?.(new URL(address))?.href;

describe('the proxy for a service', () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    ['http://ironic.test:6385', both, `${http}/`],
    ['https://ironic.test', both, `${https}/`],
    ['https://ironic.test', { https_proxy: https, HTTPS_PROXY: http }, `${https}/`],
    ['https://ironic.test', { https_proxy: '', HTTPS_PROXY: http }, `${http}/`],
    ['https://ironic.test', { HTTPS_PROXY: 'proxy.example.org:3128' }, `${http}/`],
    // As with OpenStack's own tools, each scheme has its own proxy.
    ['https://ironic.test', { HTTP_PROXY: http }, undefined],
    ['http://ironic.test', { HTTPS_PROXY: https }, undefined],
    ['http://ironic.test', {}, undefined],
  ])('%s with %j is %s', (address, env, proxy) => {
    expect(wayTo(address, env)).toBe(proxy);
  });

  it.each([
    ['localhost', 'a.localhost', '127.0.0.1', '127.1', '127.8.9.10', '[::1]', '[::ffff:127.0.0.1]', 'LOCALHOST.'],
  ])('is never between the program and its own machine (%s, …)', (...hosts) => {
    for (const host of hosts) expect(wayTo(`http://${host}:6385`, both), host).toBeUndefined();
    expect(wayTo('http://localhost.example.org', both)).toBe(`${http}/`);
  });

  it.each([
    ['*', 'http://ironic.test'],
    ['ironic.test', 'http://ironic.test:6385'],
    ['other.test, Ironic.Test', 'https://IRONIC.test'],
    ['example.org', 'http://ironic.cloud.example.org'],
    ['.example.org', 'http://ironic.example.org'],
    ['*.example.org', 'http://ironic.example.org'],
    ['ironic.test:6385', 'http://ironic.test:6385'],
    ['ironic.test:443', 'https://ironic.test'],
    ['10.0.0.7', 'http://10.0.0.7:6385'],
    ['10.0.0.0/8', 'http://10.20.30.40'],
    ['fd00::/8', 'http://[fd12::1]:6385'],
    ['fd12::1', 'http://[fd12::1]'],
    ['[fd12::1]:6385', 'http://[fd12::1]:6385'],
  ])('is none if NO_PROXY is %j, for %s', (exempt, address) => {
    expect(wayTo(address, { ...both, NO_PROXY: exempt })).toBeUndefined();
    expect(wayTo(address, { ...both, no_proxy: exempt })).toBeUndefined();
  });

  it.each([
    ['', 'http://ironic.test'],
    ['.', 'http://ironic.test'],
    ['ironic.test:80', 'http://ironic.test:6385'],
    ['example.org', 'http://badexample.org'],
    ['0.0.7', 'http://10.0.0.7'],
    ['10.0.0.0/8', 'http://11.0.0.1'],
    ['10.0.0.0/8', 'http://ironic.test'],
    ['10.0.0.0/99', 'http://10.0.0.1'],
    ['fd00::/8', 'http://10.0.0.1'],
  ])('stays if NO_PROXY is %j, for %s', (exempt, address) => {
    expect(wayTo(address, { ...both, NO_PROXY: exempt })).toBe(`${http}/`);
  });

  it.each(['socks5://ann:hunter2@proxy:1080', 'http://', 'http://ann:hunter2@', 'http://ann:%hunter2@proxy:1'])(
    'cannot be %s, which is not quoted',
    async (value) => {
      const env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: 'http://ironic.test:6385', HTTPS_PROXY: value };
      await expect(readConfig(env, {})).rejects.toThrow(
        /^HTTPS_PROXY must be the URL of an HTTP proxy, e\.g\. http:\/\/proxy\.example\.org:3128\.$/,
      );
      // The simulated cloud needs no proxy.
      expect((await readConfig({ HTTPS_PROXY: value }, {})).cloud.kind).toBe('simulator');
    },
  );
});

describe('a deployment', () => {
  it('goes to an Ironic whose host name only the proxy knows', async () => {
    const ironic = await startSimulatedIronic();
    const proxy = await startHttpProxy({ hosts: { 'ironic.cloud.test:6385': Number(new URL(ironic.url).port) } });
    const endpoint = 'http://ironic.cloud.test:6385';
    const cloud = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: endpoint, OS_IMAGE_ENDPOINT_OVERRIDE: endpoint };
    const connection = await connect({ ...cloud, HTTP_PROXY: proxy.url });
    const accepted = await connection.provision({ image_id: 'debian-12', server_id: 'rack1-small-01' });
    expect(accepted).toMatchObject({ status: 'accepted', server_name: 'rack1-small-01' });
    expect(proxy.asked).toContain(`PUT ${endpoint}/v1/nodes/${accepted.server_id}/states/provision`);
    await connection.settled();
    proxy.close();
    await ironic.close();
  });
});
