import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from '../support/http-server.js';
import { type McpSession, openSession } from '../support/mcp-session.js';
import { deploy, untilBooted } from './following.js';
import {
  freeMachine,
  hostKeys,
  keyPair,
  lab,
  machine,
  report,
  reporting,
  settings,
  ssh,
  sshWhenBooted,
} from './machine.js';

const [host = '', port = ''] = reporting.IRONIC_MCP_BOOT_REPORT_LISTEN.split(':');
const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000));

describe('boot reports of a machine', () => {
  let session: McpSession;
  let env: Record<string, string>;
  let receiver: HttpServer | undefined;
  let key: Awaited<ReturnType<typeof keyPair>>;
  /** What the machine of the deployment before was told. */
  let earlier: string;
  beforeAll(async () => {
    key = await keyPair('user');
    env = { ...settings(), ...reporting };
    session = await openSession('v2', env);
  });
  afterAll(async () => {
    await session.close();
    await receiver?.stop();
  });

  const status = async () => {
    const { data } = await session.callTool('check_provision_status', { operation_id: machine.uuid });
    return data as Awaited<ReturnType<typeof untilBooted>>;
  };
  const deployed = async (more: object = {}) => {
    await freeMachine();
    const request = { image_id: lab.image, server_id: machine.name, ssh_public_keys: [key.publicKey], ...more };
    const { last } = await deploy(session, request);
    expect(last).toMatchObject({ status: 'completed', boot: 'waiting', booted_at: null, host_keys: [] });
  };
  /** How cloud-init ended. It waits for that. */
  const bootEnd = (address?: string) =>
    sshWhenBooted(key.path, 'cloud-init status --wait > /dev/null; cloud-init status --long; uptime -s', address);

  test('come although nobody receives them in the first six seconds, and name a static address', async () => {
    const address = '10.99.0.60';
    const began = Date.now();
    const closing = createServer().on('connection', (socket) => socket.destroy());
    closing.listen(Number(port), host);
    const first = once(closing, 'connection').then(async () => {
      closing.close();
      await pause(6);
      receiver = await startHttpServer([], env);
    });
    await deployed({ networks: [{ address: `${address}/24` }], hostname: 'static-1' });
    await first;
    const { boot, booted_at, addresses, host_keys } = await untilBooted(session, machine.uuid);
    report('static address, receiver late', began, boot, String(booted_at), JSON.stringify(addresses));
    expect({ boot, addresses }).toEqual({
      boot: 'reported',
      addresses: [{ address, network: null, mac: machine.mac, source: 'requested' }],
    });
    expect(host_keys).toEqual(await hostKeys(address));
    report('how cloud-init ended', began, await bootEnd(address));
  });

  test("do not come if the user data has a phone_home of its own, which is the user's", async () => {
    const began = Date.now();
    const own = createServer((_, response) => response.writeHead(204).end());
    own.listen(0, host);
    await once(own, 'listening');
    const url = `http://${host}:${(own.address() as AddressInfo).port}/`;
    const posted = once(own, 'request');
    await deployed({ config_drive: { user_data: { phone_home: { url, post: ['hostname'], tries: 3 } } } });
    await posted;
    report("a phone_home of the user's own", began, await bootEnd(), (await status()).message);
    expect(await status()).toMatchObject({ status: 'completed', boot: 'waiting' });
    own.close();
  });

  test('are missed by nobody if the receiver stays away', async () => {
    const began = Date.now();
    await receiver?.stop();
    receiver = undefined;
    await deployed();
    report('no receiver', began, await bootEnd(), (await status()).message);
    expect(await status()).toMatchObject({ status: 'completed', boot: 'waiting', failure: null });
    earlier = await ssh(key.path, 'sudo cat /var/lib/cloud/instance/vendor-data2.txt');
  });

  test('come anew when the machine is deployed again on the same disk, and only with the new token', async () => {
    const began = Date.now();
    const before = await hostKeys(machine.address);
    receiver = await startHttpServer([], env);
    await deployed();
    const url = /http:[^"]+/.exec(earlier)?.[0] ?? '';
    expect((await fetch(url, { method: 'POST' })).status).toBe(204);
    await receiver.program.until('stderr', /was refused/);
    expect((await status()).boot).toBe('waiting');
    const { boot, booted_at, host_keys, addresses } = await untilBooted(session, machine.uuid);
    expect(boot).toBe('reported');
    expect(host_keys).toEqual(await hostKeys(machine.address));
    expect(host_keys).not.toEqual(before);
    // cloud-init makes this file right before it posts.
    const begun = await ssh(key.path, 'sudo stat -Lc %y /var/lib/cloud/instance/sem/config_phone_home');
    report('deployed again', began, `booted_at ${booted_at}`, `phone_home began ${begun}`, JSON.stringify(addresses));
  });
});
