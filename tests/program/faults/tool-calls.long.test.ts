import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutAbsent } from '../../../src/core/input/absent-nulls.js';
import { unsafePart } from '../../../src/core/input/unsafe-input.js';
import { allOperations } from '../../../src/core/operations.js';
import { hostileValue, inputs, leaks, steps, worsened } from '../../fuzz/hostile.js';
import { type FaultProxy, startFaultProxy } from '../../support/faults/fault-proxy.js';
import { type Lines, openLines } from '../../support/json-rpc-lines.js';
import { runs } from '../../support/length.js';
import { type SimulatedIronic, startSimulatedIronic } from '../../support/simulated-ironic.js';

const calls = runs({ variable: 'CALLS', few: 300, many: 20_000 });
const seed = Number(process.env.SEED ?? 20_261_124);

const call = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .record({ base: fc.constantFrom(...inputs), steps })
      .map(({ base, steps }) => ({ name: base.name, input: patient(worsened(base.input, steps)) as unknown })),
  },
  {
    weight: 1,
    arbitrary: fc.record({ name: fc.constantFrom(...inputs.map(({ name }) => name)), input: hostileValue }),
  },
);

/** Time stands still in this cloud, so no call may wait. */
function patient(input: object): object {
  const { wait_seconds: wait } = input as { wait_seconds?: unknown };
  return typeof wait === 'number' && wait > 0 && wait <= 50 ? { ...input, wait_seconds: 0 } : input;
}

describe(`${calls} generated tool calls`, { timeout: 60_000 + calls * 100 }, () => {
  let ironic: SimulatedIronic;
  let proxy: FaultProxy;
  let lines: Lines;
  beforeAll(async () => {
    ironic = await startSimulatedIronic();
    proxy = await startFaultProxy(ironic.url);
    const env = {
      OS_AUTH_TYPE: 'none',
      OS_ENDPOINT: proxy.url,
      OS_IMAGE_ENDPOINT_OVERRIDE: proxy.url,
      IRONIC_MCP_ALLOW_DEPROVISION: 'true',
      IRONIC_MCP_ALLOW_REBOOT: 'true',
      IRONIC_MCP_ALLOW_VIFS: 'true',
    };
    lines = await openLines(env);
  });
  afterAll(async () => {
    expect(await lines.leave()).toEqual({ code: 0, signal: null });
    expect(lines.stderr()).toBe('');
    await proxy.close();
    await ironic.close();
  });

  it('get the answers of the tables; invalid calls never reach Ironic, and nothing leaks', async () => {
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(call, async ({ name, input }) => {
        proxy.clear();
        const { result, error } = await lines.request('tools/call', { name, arguments: input });
        const { isError, content, structuredContent } = (result ?? {}) as Result;
        const text = content?.[0]?.text ?? '';
        expect(JSON.stringify(error) ?? text).not.toMatch(leaks);
        const operation = allOperations.find((each) => each.name === name);
        const given = operation && withoutAbsent(operation.input, input);
        const valid = operation?.input.safeParse(given).success && !unsafePart(input);
        if (error) {
          expect(error.code).toBe(-32602);
          expect(valid).toBe(false);
        } else if (isError) {
          const code = /^Code: (\w+)$/m.exec(text)?.[1] ?? '';
          expect([...(operation?.failures ?? []), 'invalid_request']).toContain(code);
          if (!valid) expect(code).toBe('invalid_request');
        } else {
          expect(valid).toBe(true);
          expect(operation?.output.safeParse(structuredContent).error).toBeUndefined();
        }
        const outcome = error ? 'protocol' : isError ? (/^Code: (\w+)$/m.exec(text)?.[1] ?? '') : 'ok';
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        if (outcome === 'protocol' || outcome === 'invalid_request') expect(proxy.log).toEqual([]);
      }),
      { numRuns: calls, seed, timeout: 20_000 },
    );
    // The calls must be of several kinds, or the test proves little.
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['ok', 'invalid_request', 'protocol']));
    process.stdout.write(
      `seed ${seed}: ${[...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}\n`,
    );
  });
});

interface Result {
  readonly isError?: boolean;
  readonly content?: readonly { readonly text: string }[];
  readonly structuredContent?: unknown;
}
