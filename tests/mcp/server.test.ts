import { readFileSync } from 'node:fs';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Failure } from '../../src/core/failures.js';
import type { Core, Operation } from '../../src/core/operation.js';
import { operations } from '../../src/core/operations.js';
import { createMcpServer, failureText } from '../../src/mcp/server.js';
import { tools } from '../../src/mcp/tools.js';

const onDefect = vi.fn<(error: unknown) => void>();
// The operations below never use it.
const noCore = {} as Core;

/** A client of a server whose first operation does this. */
async function connect(call: Operation['call'], core: () => Promise<Core> = async () => noCore) {
  const server = createMcpServer({
    name: 'tests',
    version: '1',
    instructions: '',
    tools,
    operations: async () => [{ ...operations.provision_server, call }],
    core,
    board: async () => '<!doctype html>',
    openWorld: true,
    onDefect,
  });
  const client = new Client({ name: 'tests', version: '1' });
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(theirs), client.connect(ours)]);
  return client;
}

afterEach(() => onDefect.mockClear());

describe('the server', () => {
  it('sends its icon inside its description, in less than 400 bytes', async () => {
    const client = await connect(async () => ({ message: '' }));
    const [{ src = '', mimeType } = {}] = client.getServerVersion()?.icons ?? [];
    expect(src.length).toBeLessThan(400);
    const [, base64 = ''] = src.split(`data:${mimeType};base64,`);
    expect(`${atob(base64)}\n`).toBe(readFileSync('docs/images/icon.svg', 'utf8'));
  });
});

describe('a tool', () => {
  it('shows a failure as text, with its reason only if it has one', () => {
    expect(failureText(new Failure('overloaded'))).toBe(
      'Too many requests in progress\nNext: Try again in a few seconds.\nCode: overloaded\nRetryable: yes',
    );
    expect(failureText(new Failure('server_not_found', { id: 'a{id}$&', reason: 'no', hint: 'Stop.' }))).toBe(
      'Server a{id}$& not found\nReason: no\nNext: Stop.\nCode: server_not_found\nRetryable: no',
    );
  });

  it('hides a defect from the client and reports it to the log', async () => {
    const defect = new Error('password=hush-hush');
    const client = await connect(() => Promise.reject(defect));
    const { content, isError } = await client.callTool({ name: 'provision_server', arguments: {} });
    expect(isError).toBe(true);
    expect(content).toEqual([
      {
        type: 'text',
        text: 'Internal error\nNext: Please report this bug of ironic-mcp, with the details from its standard error.\nCode: internal\nRetryable: no',
      },
    ]);
    expect(onDefect.mock.calls).toEqual([[defect]]);
  });

  it('reports a core that cannot be built as a defect', async () => {
    const defect = new Error('no module');
    const client = await connect(
      async () => ({ message: '' }),
      () => Promise.reject(defect),
    );
    expect(await client.callTool({ name: 'provision_server', arguments: {} })).toMatchObject({ isError: true });
    expect(onDefect.mock.calls).toEqual([[defect]]);
  });

  it('does not log why a cancelled call ended', async () => {
    const cancel = new AbortController();
    const client = await connect(
      (_, __, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
          cancel.abort();
        }),
    );
    const call = client.callTool({ name: 'provision_server', arguments: {} }, { signal: cancel.signal });
    await expect(call).rejects.toThrow();
    await client.close();
    expect(onDefect).not.toHaveBeenCalled();
  });
});
