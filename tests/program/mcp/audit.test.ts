import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, faults, startFaultProxy } from '../../support/faults/fault-proxy.js';
import { startHttpServer } from '../../support/http-server.js';
import { openLines } from '../../support/json-rpc-lines.js';
import { localImages } from '../../support/local-images.js';
import { clientLines, openSession } from '../../support/mcp-session.js';
import { type SimulatedIronic, startSimulatedIronic } from '../../support/simulated-ironic.js';
import { failureIn, provision } from '../../support/tool-answers.js';

const image = { image_id: 'file:///images/debian.qcow2' };
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const secrets = {
  config_drive: { user_data: '#cloud-config\npassword: hunter2' },
  ssh_public_keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM ada'],
  idempotency_key: 'hunter2',
};

describe('the audit log of the program', () => {
  let folder: string;
  let ironic: SimulatedIronic;
  let proxy: FaultProxy;
  let env: Record<string, string>;
  const text = () => readFile(join(folder, 'audit.jsonl'), 'utf8');
  const log = async () =>
    (await text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'audit-'));
    ironic = await startSimulatedIronic();
    proxy = await startFaultProxy(ironic.url);
    env = {
      OS_AUTH_TYPE: 'none',
      OS_ENDPOINT: proxy.url,
      ...localImages,
      IRONIC_MCP_AUDIT_LOG: join(folder, 'audit.jsonl'),
    };
  });
  afterEach(async () => {
    await proxy.close();
    await ironic.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(clientLines)('names a %s client, and holds no secret', async (line) => {
    const session = await openSession(line, env);
    const { operation_id, deployment_id } = await provision(session, { ...image, ...secrets });
    await session.close();
    const [begin, end, ...more] = await log();
    expect(more).toEqual([]);
    expect(begin).toMatchObject({
      phase: 'begin',
      face: 'mcp',
      client: 'tests',
      client_version: '1',
      operation: 'provision_server',
      arguments: {
        ...image,
        config_drive: { members: ['user_data'] },
        ssh_public_keys: ['ssh-ed25519 SHA256:y7uTNMjnws1TsN2JhlIOWEjgMSkZUHxx3X8AYYolbkc'],
      },
    });
    expect(end).toMatchObject({ phase: 'end', id: begin?.id, outcome: 'ok', status: 'accepted' });
    expect(end).toMatchObject({ operation_id, deployment_id });
    expect(await text()).not.toMatch(/hunter2|cloud-config|AAAAC3/);
  });

  it('can be set by a flag, and records the trace of the client', async () => {
    const { IRONIC_MCP_AUDIT_LOG: file = '', ...others } = env;
    const lines = await openLines(others, ['--audit-log', file]);
    const params = { name: 'provision_server', arguments: { ...image, resource_class: 'nosuch' } };
    await lines.request('tools/call', { ...params, _meta: { traceparent } });
    await lines.request('tools/call', { ...params, _meta: { traceparent: 'x\n' } });
    await lines.leave();
    expect(await log()).toMatchObject([
      { traceparent },
      { traceparent, outcome: 'no_available_servers' },
      { traceparent: null },
      { traceparent: null },
    ]);
  });

  it('records calls over REST and over MCP on HTTP', async () => {
    const server = await startHttpServer([], env);
    const ask = (path: string, body: object, headers: Record<string, string> = {}) =>
      fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'portal/7', ...headers },
        body: JSON.stringify(body),
      });
    const answer = await ask('/provision', { ...image, server_id: 'rack1-small-01' }, { traceparent });
    expect(answer.status).toBe(202);
    const params = { name: 'provision_server', arguments: { ...image, server_id: 'rack1-small-01' } };
    const accept = 'application/json, text/event-stream';
    const call = await ask('/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, { accept, traceparent });
    expect(await call.text()).toContain('server_not_available');
    expect(await server.stop()).toBe(0);
    expect(await log()).toMatchObject([
      { phase: 'begin', face: 'rest', client: 'portal/7', traceparent },
      { phase: 'end', face: 'rest', client: 'portal/7', traceparent, outcome: 'ok' },
      { phase: 'begin', face: 'mcp', client: 'portal/7', traceparent },
      { phase: 'end', face: 'mcp', outcome: 'server_not_available' },
    ]);
  });

  it('records the end of a change whose client left before it ended', async () => {
    const put = proxy.on({ method: 'PUT' }, faults.holdBefore);
    const lines = await openLines(env);
    const params = { name: 'provision_server', arguments: { ...image, server_id: 'rack1-small-01' } };
    void lines.request('tools/call', params).catch(() => undefined);
    await put.reached;
    lines.child.stdin?.end();
    put.release();
    expect(await lines.exited).toEqual({ code: 0, signal: null });
    expect(await ironic.node('rack1-small-01')).toMatchObject({ provision_state: 'deploying' });
    expect(await log()).toMatchObject([{ phase: 'begin' }, { phase: 'end', outcome: 'ok', status: 'accepted' }]);
  });

  it('must be writable, or only reading is possible', async () => {
    await rm(folder, { recursive: true });
    const session = await openSession('v2', env);
    const answer = await session.callTool('provision_server', { ...image, server_id: 'rack1-small-01' });
    expect(failureIn(answer)).toEqual([
      'The audit log cannot be written',
      'Reason: the file cannot be written (ENOENT)',
      'Next: Nothing was changed. Ask the operator to make the audit log writable.',
      'Code: audit_unavailable',
      'Retryable: yes',
    ]);
    expect(proxy.log).toEqual([]);
    const id = '00000000-0000-4000-8000-000000000000';
    const read = await session.callTool('check_provision_status', { operation_id: id });
    expect(read.text).toContain('server_not_found');
    await session.close();
    expect(session.stderr()).toBe(
      `ironic-mcp: The audit log ${env.IRONIC_MCP_AUDIT_LOG} cannot be written (ENOENT).\n`,
    );
  });

  it('may break during a change: the answer stays true, and stderr gets the line', async () => {
    const put = proxy.on({ method: 'PUT' }, faults.holdBefore);
    const session = await openSession('v2', env);
    const answer = provision(session, { ...image, ...secrets, server_id: 'rack1-small-01' });
    await put.reached;
    await rm(folder, { recursive: true });
    put.release();
    expect(await answer).toMatchObject({ status: 'accepted' });
    await session.close();
    expect(session.stderr()).toMatch(
      / cannot be written \(ENOENT\)\. Missing line: \{.*"phase":"end".*"outcome":"ok".*\}\n$/,
    );
    expect(session.stderr()).not.toMatch(/hunter2/);
  });

  it('refuses changes if only part of a line fits into the file', async () => {
    const file = join(folder, 'audit.jsonl');
    // The file may not grow beyond one block, of which some bytes are left.
    const limited = (command: string) =>
      promisify(execFile)('sh', ['-c', `ulimit -f 1; ${command}`]).catch((error) => error);
    await limited(`head -c 5000 /dev/zero > '${file}'`);
    const { size } = await stat(file);
    await writeFile(file, `${'x'.repeat(size - 20)}\n`);
    const script = `import { connect } from ${JSON.stringify(new URL('../../../dist/index.js', import.meta.url).href)};
      const cloud = await connect(${JSON.stringify(env)});
      await cloud.provision(${JSON.stringify(image)}).catch(({ code, reason }) => process.stdout.write(code + ": " + reason));`;
    const { stdout } = await limited(`exec '${process.execPath}' --input-type=module --eval '${script}'`);
    expect(stdout).toBe('audit_unavailable: the file cannot be written (ENOSPC)');
    expect((await text()).length).toBe(size);
    expect(proxy.log).toEqual([]);
  });
});
