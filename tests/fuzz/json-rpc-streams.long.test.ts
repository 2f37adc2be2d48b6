import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stdio } from '../../src/commands/stdio.js';
import { withoutAbsent } from '../../src/core/input/absent-nulls.js';
import { allOperations } from '../../src/core/operations.js';
import { createFakeIo } from '../support/fake-io.js';
import { type FaultProxy, startFaultProxy } from '../support/faults/fault-proxy.js';
import { runs } from '../support/length.js';
import { assertOnlyJsonRpc } from '../support/mcp-session.js';
import { type SimulatedIronic, startSimulatedIronic } from '../support/simulated-ironic.js';
import { inputs, leaks, steps, worsened } from './hostile.js';

const streams = runs({ variable: 'STREAMS', few: 60, many: 5_000 });
const seed = Number(process.env.SEED ?? 20_261_124);

const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'fuzz', version: '1' },
};
const bare = (method: string, params: object) => ({ jsonrpc: '2.0', method, params });
const request = (method: string, params: object) => ({ jsonrpc: '2.0', id: 1, method, params });
const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'fuzz', version: '1' } };

/** What clients of both eras say. */
const messages: readonly object[] = [
  request('initialize', hello),
  bare('notifications/initialized', {}),
  request('server/discover', { _meta: envelope }),
  request('ping', {}),
  request('tools/list', {}),
  request('tools/list', { _meta: envelope }),
  request('resources/list', {}),
  request('logging/setLevel', { level: 'debug' }),
  bare('notifications/cancelled', { requestId: 2, reason: 'x' }),
  { jsonrpc: '2.0', id: 9, result: {} },
  ...inputs.flatMap(({ name, input }) => [
    request('tools/call', { name, arguments: input }),
    request('tools/call', { name, arguments: input, _meta: envelope }),
  ]),
];

/** Bytes that are put in, cut out or turned over: too few to carry a secret to where it may be quoted. */
const edit = fc.record({
  at: fc.nat(5_000),
  drop: fc.nat(6),
  put: fc.oneof(
    fc.constantFrom(
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      '\n',
      '\r\n',
      '\0',
      '\\',
      '\\u',
      '\\ud83d',
      '[]',
      '1e999',
      '\ufeff',
      ' ',
    ),
    fc.uint8Array({ maxLength: 3 }),
  ),
});

const message = fc
  .record({
    base: fc.constantFrom(...messages),
    id: fc.integer({ min: 1, max: 4 }),
    steps,
    edits: fc.array(edit, { maxLength: 3 }),
    kind: fc.nat(5),
  })
  .map(({ base, id, steps, edits, kind }) => {
    const numbered = 'id' in base ? { ...base, id } : base;
    // Half of them stay as they are: what comes before and after a broken line matters too.
    const text = JSON.stringify(kind === 1 ? worsened(numbered, steps) : numbered);
    return kind === 2 ? edits.reduce(edited, Buffer.from(text)) : Buffer.from(text);
  });

function edited(bytes: Buffer, { at, drop, put }: { at: number; drop: number; put: string | Uint8Array }): Buffer {
  const from = at % (bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, from), Buffer.from(put as string), bytes.subarray(from + drop)]);
}

const deep = fc.constantFrom('[', '{"a":').map((open) => Buffer.from(open.repeat(50_000)));
const line = fc.oneof({ weight: 30, arbitrary: message }, { weight: 1, arbitrary: deep });

const stream = fc.record({
  greeting: fc.boolean(),
  lines: fc.array(fc.tuple(line, fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n', '')), {
    minLength: 1,
    maxLength: 12,
  }),
  cuts: fc.array(fc.nat(20_000), { maxLength: 5 }),
});

describe(`${streams} mutated streams of JSON-RPC`, { timeout: 60_000 + streams * 1_000 }, () => {
  let ironic: SimulatedIronic;
  let proxy: FaultProxy;
  beforeAll(async () => {
    ironic = await startSimulatedIronic();
  });
  afterAll(() => ironic.close());

  it('leave a server that still answers, writes only JSON-RPC, and sends Ironic only valid requests', async () => {
    let asked = 0;
    const property = fc
      .asyncProperty(stream, async ({ greeting, lines, cuts }) => {
        const env = {
          OS_AUTH_TYPE: 'none',
          OS_ENDPOINT: proxy.url,
          OS_IMAGE_ENDPOINT_OVERRIDE: proxy.url,
          IRONIC_MCP_ALLOW_DEPROVISION: 'true',
          IRONIC_MCP_ALLOW_VIFS: 'true',
        };
        const start = greeting ? [...messages.slice(0, 2)].map((each) => `${JSON.stringify(each)}\n`) : [];
        const bytes = Buffer.concat([
          ...start.map((each) => Buffer.from(each)),
          ...lines.flatMap(([text, end]) => [text, Buffer.from(end)]),
        ]);
        const { io, stdin, stdout, stderr, until } = createFakeIo({ env });
        const ended = stdio(io, []);
        for (const part of split(bytes, cuts)) stdin.write(part);
        // Whatever the last line was, this one begins anew; and it is answered when all before it have been read.
        stdin.write(`\n${JSON.stringify(request('ping', { _meta: envelope })).replace('"id":1', '"id":"the last"')}\n`);
        await until('stdout', /"id":"the last"/);
        const calls = callsIn(bytes);
        for (const id of calls.ids) await until('stdout', new RegExp(`"id":${id}[,}]`));
        stdin.end();
        expect(await ended).toBe(0);

        assertOnlyJsonRpc(stdout());
        expect(stdout()).not.toMatch(leaks);
        expect(stdout()).not.toContain('Code: internal');
        expect(stderr()).not.toMatch(leaks);
        if (!calls.valid) expect(proxy.log).toEqual([]);
        asked += proxy.log.length;
      })
      // One for each stream: what one asks for may still be on its way when the next begins.
      .beforeEach(async () => {
        proxy = await startFaultProxy(ironic.url);
      })
      .afterEach(() => proxy.close());
    await fc.assert(property, { numRuns: streams, seed, timeout: 30_000 });
    // It would be no use if nothing ever got through.
    expect(asked).toBeGreaterThan(0);
    process.stdout.write(`seed ${seed}: ${asked} requests to Ironic\n`);
  });
});

/** What of a stream is to be answered, seen with other eyes than the program's. */
function callsIn(bytes: Buffer) {
  const ids = new Set<number>();
  let valid = false;
  let cancels = false;
  for (const line of linesIn(bytes)) {
    const message = parsed(line);
    if (message?.jsonrpc !== '2.0') continue;
    if (message.method === 'notifications/cancelled') cancels = true;
    if (message.method !== 'tools/call') continue;
    const { name, arguments: input } = (message.params ?? {}) as { name?: unknown; arguments?: unknown };
    const schema = allOperations.find((each) => each.name === name)?.input;
    if (schema?.safeParse(withoutAbsent(schema, input ?? {})).success) valid = true;
    if (typeof message.id === 'number' && Number.isSafeInteger(message.id)) ids.add(message.id);
  }
  return { ids: cancels ? [] : ids, valid };
}

function linesIn(bytes: Buffer): Buffer[] {
  const end = bytes.indexOf('\n');
  return end < 0 ? [bytes] : [bytes.subarray(0, end), ...linesIn(bytes.subarray(end + 1))];
}

function parsed(line: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((to, index) => bytes.subarray(places[index], to));
}
