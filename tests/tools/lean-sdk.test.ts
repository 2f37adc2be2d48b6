import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { build } from 'tsup';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leanSdk } from '../../tools/lean-sdk.js';
import * as sdk from './guards.js';

const kinds = [
  'isJSONRPCRequest',
  'isJSONRPCNotification',
  'isJSONRPCResultResponse',
  'isJSONRPCErrorResponse',
] as const;

const fault = fc.record(
  { code: fc.constantFrom(-32600, 'x'), message: fc.constantFrom('m', 7), data: fc.anything() },
  { requiredKeys: ['code', 'message'] },
);

/** What may stand in a member: right, wrong, and almost right. */
const value = fc.oneof(
  fc.constantFrom(undefined, null, '2.0', 'ping', 0, -1, 1.5, true, [], {}),
  fault,
  fc.record({ _meta: fc.constantFrom({}, { progressToken: 1 }, 7) }),
);

const message = fc.oneof(
  fc.record(
    {
      jsonrpc: fc.constantFrom('2.0', '1.0', undefined),
      id: value,
      method: value,
      params: value,
      result: value,
      error: value,
      other: value,
    },
    { requiredKeys: [] },
  ),
  fc.record(
    { jsonrpc: fc.constant('2.0'), id: fc.constantFrom(1, 'a'), method: fc.constant('ping'), params: value },
    { requiredKeys: ['jsonrpc'] },
  ),
  fc.record({ jsonrpc: fc.constant('2.0'), id: fc.constant(1), result: value, error: value }, { requiredKeys: ['id'] }),
  fc.record({ jsonrpc: fc.constant('2.0'), id: fc.constantFrom(1, null), error: fault }, { requiredKeys: ['error'] }),
  fc.anything(),
);

describe('the MCP SDK, as the build leaves things out of it', () => {
  let folder: string;
  const whole = { ...sdk };
  let lean: typeof sdk;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ironic-mcp-lean-'));
    await build({
      config: false,
      entry: ['tests/tools/guards.ts'],
      format: 'esm',
      outDir: folder,
      outExtension: () => ({ js: '.mjs' }),
      noExternal: [/.*/],
      esbuildPlugins: [leanSdk()],
      silent: true,
    });
    lean = await import(pathToFileURL(join(folder, 'guards.mjs')).href);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(kinds)('takes the same messages for a thing as the SDK: %s', (kind) => {
    const taken = { yes: 0, no: 0 };
    fc.assert(
      fc.property(message, (sent) => {
        const expected = whole[kind](sent);
        taken[expected ? 'yes' : 'no'] += 1;
        expect(lean[kind](sent)).toBe(expected);
      }),
      { numRuns: 2_000, seed: 20261127 },
    );
    expect(Math.min(taken.yes, taken.no)).toBeGreaterThan(10);
  });
});
