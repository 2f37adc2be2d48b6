import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpServer, startHttpServer } from '../support/http-server.js';
import { type McpSession, openSession } from '../support/mcp-session.js';
import { deploy, keep, untilBooted } from './following.js';
import {
  admin,
  freeMachine,
  hostKeys,
  keyPair,
  lab,
  machine,
  report,
  reporting,
  requests,
  saidByIronic,
  settings,
  ssh,
  sshWhenBooted,
} from './machine.js';

const password = '/driver_info/redfish_password';

describe(`a machine that boots, and Ironic ${lab.version}`, () => {
  let session: McpSession;
  /** Another copy of the program, to which the machine reports. */
  let server: HttpServer;
  beforeAll(async () => {
    const missing = { source: `${lab.images}/missing.qcow2` };
    // Nobody listens there.
    const closed = { source: 'http://10.99.0.1:9/debian.qcow2' };
    const env = { ...settings({ missing, closed }), ...reporting };
    session = await openSession('v2', env);
    server = await startHttpServer([], env);
  });
  afterAll(async () => {
    expect(await session.close()).toEqual({ code: 0, signal: null });
    expect(session.stderr()).toBe('');
    expect(await server.stop()).toBe(0);
  });

  test.each([
    { what: 'an image that is missing (404)', image: 'missing', code: 'image_unreachable' },
    { what: 'an image on a closed port', image: 'closed', code: 'image_unreachable' },
    { what: 'a BMC that refuses the password (401)', image: lab.image, code: 'power_or_bmc', wrong: true },
  ])('tells of $what', async ({ what, image, code, wrong }) => {
    await freeMachine();
    if (wrong) await admin.patch(machine.uuid, { op: 'replace', path: password, value: 'wrong' });
    try {
      const begun = Date.now();
      const { last } = await deploy(session, { image_id: image, server_id: machine.name });
      report(what, begun, await saidByIronic(), `${last.failure?.code}: ${last.failure?.summary}`);
      expect(last).toMatchObject({ status: 'failed', failure: { code } });
    } finally {
      if (wrong) await admin.patch(machine.uuid, { op: 'replace', path: password, value: 'loopback' });
    }
  });

  test('is deployed by class, and lets its user in by key, with host name and user data', async () => {
    await freeMachine();
    const { path, publicKey } = await keyPair('user');
    const before = await requests();
    const begun = Date.now();
    const followed = await deploy(session, {
      image_id: lab.image,
      resource_class: machine.resource_class,
      hostname: 'machine-1',
      ssh_public_keys: [publicKey],
      config_drive: { user_data: '#cloud-config\nwrite_files:\n- {path: /etc/lab, content: from user data}\n' },
    });
    const answered = Date.now();
    const sent = (await requests()) - before;
    expect(followed.last).toMatchObject({ status: 'completed', provision_state: 'active', progress_percent: 100 });
    const { provision_updated_at: active } = await admin.node(machine.uuid);
    const since = (time: number) => ((time - Date.parse(String(active))) / 1_000).toFixed(1);
    report(
      'from provision_server to completed',
      begun,
      `${followed.answers.length} calls`,
      `${sent} requests to Ironic`,
      `answered ${since(answered)} s after active`,
    );
    const seen = await sshWhenBooted(
      path,
      'timeout 240 sh -c "until [ -e /etc/lab ]; do sleep 1; done"; hostname; cat /etc/lab',
    );
    report('from completed to a login', answered, `login ${since(Date.now())} s after active`);
    await keep(lab.version, followed, Math.round((Date.now() - begun) / 100) / 10);
    expect(seen.split('\n')).toEqual(['machine-1', 'from user data']);
  });

  test('reports that it has booted, from its address and with its host key', { timeout: 600_000 }, async () => {
    const begun = Date.now();
    const { booted_at, completed_at, host_keys, addresses } = await untilBooted(session, machine.uuid);
    report('from the login to the boot report', begun, `completed ${completed_at}`, `booted ${booted_at}`);
    expect(host_keys).toEqual(await hostKeys(machine.address));
    expect(addresses).toEqual([{ address: machine.address, network: null, mac: null, source: 'reported' }]);
  });

  test('lets nobody in without the key', async () => {
    const { path } = await keyPair('stranger');
    await expect(ssh(path, 'hostname')).rejects.toThrow(/Permission denied \(publickey/);
  });
});
