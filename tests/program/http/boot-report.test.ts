import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultProxy, faults, startFaultProxy } from '../../support/faults/fault-proxy.js';
import { type HttpServer, startHttpServer } from '../../support/http-server.js';
import { localImages } from '../../support/local-images.js';
import { type SimulatedIronic, startSimulatedIronic } from '../../support/simulated-ironic.js';

const base = 'http://10.0.0.1:7386/machines';
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM root@machine\n';
const fingerprint = 'SHA256:y7uTNMjnws1TsN2JhlIOWEjgMSkZUHxx3X8AYYolbkc';
const said = (words: string) => ({ error_message: JSON.stringify({ faultcode: 'Server', faultstring: words }) });
const locked = faults.answerBefore(409, said('Node 1 is locked by host c-1, please retry later.'));

const json = async (response: Response) => (await response.json()) as Readonly<Record<string, string>>;

describe('the listener for boot reports', () => {
  let ironic: SimulatedIronic;
  let proxy: FaultProxy;
  let server: HttpServer;
  let listener: string;
  beforeAll(async () => {
    ironic = await startSimulatedIronic({ clock: { now: () => Date.now() }, speed: 10_000 });
    proxy = await startFaultProxy(ironic.url);
    server = await startHttpServer([], {
      ...{ OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, ...localImages },
      ...{ IRONIC_MCP_BOOT_REPORT_URL: base, IRONIC_MCP_BOOT_REPORT_LISTEN: '127.0.0.1:0' },
    });
    const [, port] = /Receiving boot reports on port (\d+)/.exec(server.program.stderr()) ?? [];
    listener = `http://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    await server.stop();
    await proxy.close();
    await ironic.close();
  });

  const status = async (id: string, query = '') => json(await fetch(`${server.url}/provision/${id}?${query}`));

  /** What a report could change; the simulated conductor lets go of a node a moment later. */
  async function facts(id: string) {
    const { provision_state, instance_uuid, instance_info } = await ironic.node(id);
    return { provision_state, instance_uuid, instance_info };
  }

  /** Deploys, and answers the path that the machine got for its report. */
  async function deploy(name: string): Promise<{ readonly id: string; readonly path: string }> {
    const response = await fetch(`${server.url}/provision`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ image_id: 'file:///srv/images/x.img', server_id: name }),
    });
    const { operation_id: id = '' } = await json(response);
    while ((await status(id, 'wait_seconds=50')).status === 'in_progress');
    const [, path = ''] = new RegExp(`${base}(/[\\w/-]+)`).exec(JSON.stringify(ironic.configDrive(name))) ?? [];
    return { id, path };
  }

  async function post(path: string, body: RequestInit['body'] = new URLSearchParams({ pub_key_ed25519: key })) {
    const response = await fetch(`${listener}${path}`, { method: 'POST', body });
    const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'date'));
    return { status: response.status, headers, text: await response.text() };
  }

  /** Resolves when Ironic has been asked so often since the proxy's log was cleared. */
  async function asked(count: number): Promise<void> {
    while (proxy.log.length < count) await new Promise(setImmediate);
  }

  it('records the report with the right token once, answers all others alike, and ignores them', async () => {
    const [one, other] = [await deploy('rack1-small-01'), await deploy('rack1-small-02')];
    const wrong = one.path.replace(/[^/]{43}$/, 'A'.repeat(43));
    const foreign = `/${one.id}${other.path.slice(37)}`;
    const before = await facts(one.id);
    proxy.clear();
    const answers = [await post(wrong), await post(foreign), await post(wrong.replaceAll('A', 'B'), null)];
    await asked(3);
    expect(await facts(one.id)).toEqual(before);
    expect(await status(one.id)).toMatchObject({ boot: 'waiting', booted_at: null, host_keys: [] });

    answers.push(await post(`/machines${one.path}`));
    const booted = { status: 'completed', boot: 'reported', host_keys: [fingerprint], addresses: [] };
    expect(await status(one.id, 'wait_seconds=50&until=booted')).toMatchObject(booted);
    proxy.clear();
    answers.push(await post(one.path, null));
    await asked(1);
    expect(await status(one.id)).toMatchObject(booted);
    expect(await status(other.id)).toMatchObject({ boot: 'waiting' });
    for (const answer of answers) expect(answer).toEqual({ status: 204, headers: { connection: 'close' }, text: '' });
  });

  it('refuses the report of a machine whose server was undeployed', async () => {
    const { id, path } = await deploy('rack1-small-03');
    await ironic.ask('PUT', `/v1/nodes/${id}/states/provision`, { target: 'deleted' });
    while ((await ironic.node(id)).provision_state !== 'available');
    const before = await facts(id);
    proxy.clear();
    expect((await post(path)).status).toBe(204);
    await asked(1);
    expect(await facts(id)).toEqual(before);
  });

  it('records a report although Ironic locks the server, loses an answer and is down', async () => {
    const { id, path } = await deploy('rack2-large-01');
    proxy.clear();
    proxy.on({ method: 'PATCH', nth: 1 }, locked);
    proxy.on({ method: 'GET', path: id, nth: 2 }, faults.answerBefore(502));
    proxy.on({ method: 'PATCH', nth: 2 }, faults.resetAfter);
    expect((await post(path)).status).toBe(204);
    expect(await status(id, 'wait_seconds=50&until=booted')).toMatchObject({ boot: 'reported' });
    expect(proxy.log.filter(({ method }) => method === 'PATCH')).toHaveLength(2);
    proxy.clear();
  });

  it('takes no large body, serves nothing else, and closes the connection of a slow peer', async () => {
    const path = `/00000000-0000-4000-8000-000000000000/${'A'.repeat(43)}`;
    const socket = connect(Number(new URL(listener).port), '127.0.0.1');
    let slow = '';
    const closed = new Promise((resolve) => socket.on('close', resolve).on('error', () => undefined));
    socket.setEncoding('latin1').on('data', (text: string) => {
      slow += text;
    });
    socket.write(`POST ${path} HTTP/1.1\r\nHost: m\r\nContent-Length: 999\r\n\r\npub`);
    expect((await post(path, 'x'.repeat(1024 * 1024))).status).toBe(413);
    for (const other of ['/', '/docs', '/servers', '/mcp', '/healthz', path]) {
      expect((await fetch(`${listener}${other}`)).status, other).toBe(404);
    }
    await closed;
    expect(slow).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  it('turns a peer away that posts too much, and asks Ironic once for each report that it takes', async () => {
    proxy.clear();
    const paths = Array.from(
      { length: 600 },
      (_, n) => `/00000000-0000-4000-8000-000000000000/${String(n).padEnd(43, 'A')}`,
    );
    const answers: Awaited<ReturnType<typeof post>>[] = [];
    while (paths.length > 0) {
      answers.push(...(await Promise.all(paths.splice(0, 50).map((path) => post(path, null)))));
    }
    const taken = answers.filter((answer) => answer.status === 204).length;
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([204, 429]));
    await asked(taken);
    expect(proxy.log).toHaveLength(taken);
    expect(server.program.stderr()).toContain('Boot reports are turned away: too many come in, now from 127.0.0.1.');
    expect(server.program.stderr().split('was refused')).toHaveLength(2);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  it('names no token in the log, and the reports that are lost when the program stops', async () => {
    const { id, path } = await deploy('rack2-large-02');
    proxy.clear();
    const look = proxy.on({ method: 'GET', path: id }, locked);
    let answer = await post(path);
    while (answer.status === 429) answer = await post(path);
    await look.reached;
    expect(await server.stop()).toBe(0);
    expect(server.program.stderr()).toContain(`A boot report for server ${id} could not be recorded: Ironic`);
    expect(server.program.stderr()).not.toContain(path.slice(38));
    expect(server.program.stderr()).not.toContain('A'.repeat(40));
  });
});
