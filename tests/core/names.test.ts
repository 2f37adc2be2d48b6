import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { settings } from '../../src/config/settings.js';
import type { Call } from '../../src/core/call.js';
import { Failure } from '../../src/core/failures.js';
import { op, operationNames, setting, writtenFor } from '../../src/core/names.js';
import { type Core, operation } from '../../src/core/operation.js';
import { allOperations } from '../../src/core/operations.js';
import { createPolicy } from '../../src/core/policy.js';
import { StatusRequest } from '../../src/core/requests.js';

describe('the names of the operations', () => {
  it('match the table of operations, one for each', () => {
    const names = Object.values(operationNames).map(({ mcp, rest }) => ({ mcp, rest }));
    const table = allOperations.map(({ name, route }) => ({ mcp: name, rest: `${route.method} ${route.path}` }));
    expect(names).toEqual(expect.arrayContaining(table));
    expect(names).toHaveLength(table.length);
  });

  it('are written as each face calls them', () => {
    const text = `Call ${op('servers')}, then ${op('status')}.`;
    expect(writtenFor('mcp', text)).toBe('Call list_servers, then check_provision_status.');
    expect(writtenFor('rest', text)).toBe('Call GET /servers, then GET /provision/{operation_id}.');
    expect(writtenFor('library', text)).toBe('Call servers(), then status().');
  });
});

describe('the names of settings', () => {
  it('match their environment variables', () => {
    for (const key of [
      'read_only',
      'allow_deprovision',
      'deprovision_foreign',
      'allow_reboot',
      'allow_vifs',
    ] as const) {
      expect(setting(key)).toBe(settings[key].variable);
    }
    for (const key of ['resource_classes', 'images', 'max_deploying'] as const) {
      expect(setting(key)).toBe(settings[key].variable);
    }
  });
});

describe('the answer of an operation', () => {
  const answers = z.object({ message: z.string(), failure: z.object({ hint: z.string() }).nullable() });
  const speaking = operation({
    name: 'check_provision_status',
    title: '',
    description: '',
    effect: 'read',
    idempotent: true,
    route: { method: 'GET', path: '/', status: 200 },
    input: StatusRequest,
    output: answers,
    failures: [],
    example: {},
    async run(_core, { wait_seconds }) {
      if (wait_seconds > 0) throw new Failure('server_not_found', { id: 'bm-1' });
      return { message: `Follow it with ${op('status')}.`, failure: { hint: `Call ${op('provision')} again.` } };
    },
  });
  const core = { policy: createPolicy({}), say: (message: string) => message } as Core;
  const input = { operation_id: '00000000-0000-4000-8000-000000000001' };

  it.each([
    ['mcp', 'check_provision_status', 'provision_server', 'list_servers'],
    ['rest', 'GET /provision/{operation_id}', 'POST /provision', 'GET /servers'],
    ['library', 'status()', 'provision()', 'servers()'],
  ] as const)('is in the words of its reader: %s', async (face, status, provision, servers) => {
    const call: Call = { signal: new AbortController().signal, caller: { face } };
    expect(await speaking.call(core, input, call)).toEqual({
      message: `Follow it with ${status}.`,
      failure: { hint: `Call ${provision} again.` },
    });
    await expect(speaking.call(core, { ...input, wait_seconds: 1 }, call)).rejects.toMatchObject({
      hint: expect.stringContaining(`${servers} to see the ids and names`),
    });
  });
});
