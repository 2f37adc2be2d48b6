import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpServer, startHttpServer } from '../../support/http-server.js';
import { connectOverHttp } from '../../support/mcp-over-http.js';
import { type ClientLine, clientLines, type User } from '../../support/mcp-session.js';

const token = 'hunter2-and-more-2';

describe.each(clientLines)('a %s client over HTTP', (line) => {
  let server: HttpServer;
  let client: Awaited<ReturnType<typeof connectOverHttp>>;
  beforeAll(async () => {
    server = await startHttpServer([], { IRONIC_MCP_HTTP_TOKEN: token });
    client = await connectOverHttp(line, server.url, `Bearer ${token}`);
  });
  afterAll(async () => {
    await client.close();
    expect(await server.stop()).toBe(0);
  });

  it('sees the same tools as over stdio', async () => {
    const { tools } = await client.listTools();
    expect(tools).toEqual(JSON.parse(await readFile(new URL('../../golden/tools.json', import.meta.url), 'utf8')));
  });

  it('gets an error for an argument __proto__, which is never dropped silently', async () => {
    const call =
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"list_images","arguments":{"__proto__":1}}}';
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    const answer = await fetch(`${server.url}/mcp`, { method: 'POST', headers, body: call });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('Reason: unknown argument \\"__proto__\\"');
  });

  it('gets one short answer to 100,000 wrong members of a list', async () => {
    const _meta = { progressToken: 1, icons: Array(100_000).fill(0) };
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/list', params: { _meta } });
    const answer = await fetch(`${server.url}/mcp`, { method: 'POST', headers, body });
    expect(answer.status).toBe(400);
    const error = { code: -32600, message: 'Invalid Request: more than 1000 values' };
    expect(await answer.json()).toEqual({ jsonrpc: '2.0', id: 7, error });
  });

  it('deploys a server to the end, and REST shows the same status', async () => {
    const accepted = await client.callTool({
      name: 'provision_server',
      arguments: { image_id: 'debian-12', server_id: 'rack1-small-01' },
    });
    expect(accepted.isError).toBeFalsy();
    const { operation_id } = accepted.structuredContent as { operation_id: string };
    const check = { name: 'check_provision_status', arguments: { operation_id } };
    let status = await client.callTool(check);
    while ((status.structuredContent as { status: string }).status === 'in_progress')
      status = await client.callTool(check);
    expect(status.structuredContent).toMatchObject({ status: 'completed', server_name: 'rack1-small-01' });

    const headers = { authorization: `Bearer ${token}` };
    const rest = await fetch(`${server.url}/provision/${operation_id}`, { headers });
    expect(await rest.json()).toEqual(status.structuredContent);
  });
});

describe('consent over HTTP', () => {
  const name = 'rack1-small-01';

  /** The outcome of an undeployment when the user answers like this, and what the user was asked. */
  async function undeployed(line: ClientLine, ...replies: Awaited<ReturnType<User>>[]) {
    const server = await startHttpServer(['--allow-deprovision']);
    const questions: string[] = [];
    const client = await connectOverHttp(line, server.url, undefined, (question) => {
      questions.push(question);
      return replies.shift() ?? { action: 'cancel' };
    });
    const call = (tool: string, input: object) => client.callTool({ name: tool, arguments: { ...input } });
    const accepted = await call('provision_server', { image_id: 'debian-12', server_id: name });
    const { operation_id } = accepted.structuredContent as { operation_id: string };
    const wait = () => call('check_provision_status', { operation_id, wait_seconds: 50 });
    let status = await wait();
    while ((status.structuredContent as { status: string }).status === 'in_progress') status = await wait();
    const { structuredContent } = await call('deprovision_server', { operation_id, confirm_server_name: name });
    await client.close();
    expect(await server.stop()).toBe(0);
    return { questions, answer: structuredContent };
  }

  it('comes from the user of a client that speaks 2026-07-28', async () => {
    const agreed = await undeployed('v2', { action: 'accept', content: { confirm: true } });
    expect(agreed.questions).toEqual([expect.stringContaining(`Undeploy server ${name}`)]);
    expect(agreed.answer).toMatchObject({ status: 'accepted' });
    const refused = await undeployed('v2', { action: 'decline' });
    expect(refused).toMatchObject({ questions: [expect.stringContaining(name)], answer: undefined });
  });

  it('is the name alone for a client of earlier revisions, because no state is kept between requests', async () => {
    const { questions, answer } = await undeployed('v1');
    expect(questions).toEqual([]);
    expect(answer).toMatchObject({ status: 'accepted' });
  });
});

describe.each(clientLines)('a %s client without the right token', (line) => {
  it('is not connected', async () => {
    const server = await startHttpServer([], { IRONIC_MCP_HTTP_TOKEN: token });
    for (const sent of [undefined, 'hunter3']) {
      await expect(connectOverHttp(line, server.url, sent && `Bearer ${sent}`)).rejects.toThrow(/401|unauthorized/i);
    }
    expect(await server.stop()).toBe(0);
  });
});
