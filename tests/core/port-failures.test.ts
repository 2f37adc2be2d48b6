import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failures.js';
import { withPortFailures } from '../../src/core/port-failures.js';
import { NoAnswer, Refused, SignInRefused } from '../../src/core/ports.js';

const failing = (error: unknown) => withPortFailures(() => Promise.reject(error))();

describe('a function with port failures', () => {
  it("returns the function's answer", async () => {
    const add = withPortFailures(async (left: number, right: number) => left + right);
    await expect(add(1, 2)).resolves.toBe(3);
  });

  it('reports Ironic as unavailable when it gives no answer', async () => {
    const cause = new NoAnswer('Ironic did not answer within 30 s', true);
    await expect(failing(cause)).rejects.toMatchObject({
      code: 'ironic_unavailable',
      message: 'Failed to communicate with Ironic',
      reason: 'Ironic did not answer within 30 s',
      retryable: true,
      cause,
    });
  });

  it('reports a refused sign-in as a problem for the operator', async () => {
    await expect(failing(new SignInRefused('OS_PASSWORD is wrong'))).rejects.toMatchObject({
      code: 'ironic_unavailable',
      reason: 'OS_PASSWORD is wrong',
      retryable: false,
      hint: 'Nothing was changed. Ask the operator to fix the settings that the reason names.',
    });
  });

  it("does not quote our own words as Ironic's", async () => {
    await expect(failing(new Refused('too_old', 'Ironic speaks API 1.58', 'us'))).rejects.toMatchObject({
      code: 'ironic_too_old',
      reason: 'Ironic speaks API 1.58',
    });
  });

  it('quotes Ironic when it refuses a read', async () => {
    await expect(failing(new Refused('forbidden', 'say "please"\n'))).rejects.toMatchObject({
      code: 'ironic_unavailable',
      reason: `Ironic says: "say 'please'"`,
      retryable: false,
    });
  });

  it('names the rights that the operator must give when Ironic forbids a read', async () => {
    await expect(failing(new Refused('forbidden', 'disallowed by policy'))).rejects.toMatchObject({
      retryable: false,
      hint: 'Nothing was changed. Ask the operator to give this account the rights in docs/configuration.md; "ironic-mcp check" shows which one is missing.',
    });
  });

  it.each(['busy', 'locked'] as const)('tells the caller to try again when Ironic is %s', async (refusal) => {
    await expect(failing(new Refused(refusal, 'not now'))).rejects.toMatchObject({
      retryable: true,
      hint: expect.stringContaining('Try again in a minute'),
    });
  });

  it.each(['invalid', 'not_found', 'wrong_state', 'taken', 'elsewhere'] as const)(
    'does not tell the caller to try again when Ironic says %s, because that does not pass by itself',
    async (refusal) => {
      await expect(failing(new Refused(refusal, 'no'))).rejects.toMatchObject({
        code: 'ironic_unavailable',
        retryable: false,
        hint: 'Nothing was changed. Ask the operator to look at what the reason says.',
      });
    },
  );

  it('passes a failure and a defect on', async () => {
    const failure = new Failure('server_not_found', { id: 'bm-1' });
    const defect = new TypeError('undefined is not a function');
    await expect(failing(failure)).rejects.toBe(failure);
    await expect(failing(defect)).rejects.toBe(defect);
  });
});
