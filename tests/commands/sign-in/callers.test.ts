import { describe, expect, it } from 'vitest';
import { createCallers } from '../../../src/commands/sign-in/callers.js';
import type { Core } from '../../../src/core/operation.js';
import { CredentialRefused, NoAnswer, SignInRefused } from '../../../src/core/ports.js';
import { createFakeClock } from '../../core/fake-clock.js';
import { credential } from '../../support/callers/callers-cloud.js';

const minute = 60_000;

/** Callers at a Keystone that answers when the test lets it, and says no to the secrets `wrong` and `locked`. */
function lab({ behindTls = false, held = false, patience = 600_000 } = {}) {
  const clock = createFakeClock();
  const busy = new Set<Core>();
  const asked: string[] = [];
  const revocations: { readonly id: string; readonly revoke: () => void }[] = [];
  const warnings: string[] = [];
  let waiting: (() => void)[] = [];
  let down = false;
  const callers = createCallers({
    async signIn({ id, secret }, onRefused) {
      asked.push(`${id.replace(/^0+/, '')}:${secret}`);
      revocations.push({ id, revoke: onRefused });
      if (held) await new Promise<void>((resolve) => waiting.push(resolve));
      if (down) throw new NoAnswer('Keystone at http://10.0.0.9 cannot be reached', false);
      if (secret === 'wrong') throw new CredentialRefused('no');
      if (secret === 'locked') throw new SignInRefused('Keystone refused the sign-in (HTTP status 403: "locked")');
      return { name: id } as unknown as Core;
    },
    isBusy: (core) => busy.has(core),
    behindTls,
    patience,
    clock,
    warn: (warning) => warnings.push(warning),
  });
  const idOf = (number: number) => number.toString(16).padStart(32, '0');

  async function ask(
    number: number,
    { secret = 'right', from = '192.0.2.1', forwarded = '', signal = new AbortController().signal } = {},
  ) {
    const headers = { authorization: credential(idOf(number), secret).header, 'x-forwarded-for': forwarded };
    return (await callers.admit(new Request('http://x', { headers, signal }), from))();
  }
  return {
    ask,
    /** The status of the answer, and why. */
    status: (...args: Parameters<typeof ask>) =>
      ask(...args).then(
        () => [200, ''],
        ({ http, reason }) => [http, reason],
      ),
    callers,
    clock,
    busy,
    asked,
    warnings,
    /** Keystone refuses each session of this credential from now on, the oldest first. */
    revoke(number: number) {
      for (const { id, revoke } of revocations) if (id === idOf(number)) revoke();
    },
    /** The same for the oldest session only. */
    refuseOldest: () => revocations[0]?.revoke(),
    /** Keystone answers the sign-in under way. */
    async answer() {
      const now = waiting;
      waiting = [];
      for (const resolve of now) resolve();
      await settle();
    },
    takeDown: (is: boolean) => {
      down = is;
    },
  };
}

/** Lets everything happen that needs no timer. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('callers with credentials of their own', () => {
  it('keep their core until they have been idle for 15 minutes', async () => {
    const { ask, clock, callers, asked } = lab();
    const core = await ask(1);
    clock.pass(14 * minute);
    expect(await ask(1)).toBe(core);
    clock.pass(14 * minute);
    await ask(2);
    expect(await ask(1)).toBe(core);
    clock.pass(15 * minute);
    await ask(3);
    expect(callers.held().cores).toBe(1);
    expect(await ask(1)).not.toBe(core);
    expect(asked).toEqual(['1:right', '2:right', '3:right', '1:right']);
  });

  it('keep it for longer while a change of theirs is under way', async () => {
    const { ask, clock, busy } = lab();
    const core = await ask(1);
    busy.add(core);
    clock.pass(60 * minute);
    await ask(2);
    busy.clear();
    expect(await ask(1)).toBe(core);
  });

  it('are 256 at most: the one that was used least recently goes, unless it is busy', async () => {
    const { ask, busy, callers, asked } = lab();
    const first = await ask(0);
    busy.add(first);
    for (let number = 1; number < 256; number += 1) await ask(number);
    await ask(1);
    await ask(256);
    expect(callers.held().cores).toBe(256);
    asked.length = 0;
    expect(await ask(0)).toBe(first);
    await ask(1);
    expect(asked).toEqual([]);
    await ask(2);
    expect(asked).toEqual(['2:right']);
  });

  it('are refused as too many while all the others are busy, without a question to Keystone', async () => {
    const { ask, status, busy, asked } = lab();
    for (let number = 0; number < 256; number += 1) busy.add(await ask(number));
    expect(await status(256)).toEqual([503, 'all of the 256 callers who are signed in are busy']);
    expect(asked).toHaveLength(256);
    busy.clear();
    expect(await status(256)).toEqual([200, '']);
  });

  it('do not fill the memory, however many there are', async () => {
    const { ask, status, callers } = lab();
    for (let number = 0; number < 2_000; number += 1) await ask(number);
    for (let number = 0; number < 2_000; number += 1) {
      await status(number, { secret: 'wrong', from: `192.0.${number >> 8}.${number & 255}` });
    }
    expect(callers.held()).toEqual({ cores: 256, waiting: 0, refused: 1_024, addresses: 1_024 });
  });
});

describe('a first sign-in', () => {
  it('is made one at a time, and once for all requests with one credential', async () => {
    const { ask, answer, asked } = lab({ held: true });
    const cores = Promise.all([ask(1), ask(2), ask(1)]);
    await settle();
    expect(asked).toEqual(['1:right']);
    await answer();
    expect(asked).toEqual(['1:right', '2:right']);
    await answer();
    const [one, two, same] = await cores;
    expect([same, two]).toEqual([one, expect.not.objectContaining(one)]);
  });

  it('goes on for the others if its first caller leaves', async () => {
    const { ask, answer, asked } = lab({ held: true });
    const leaving = new AbortController();
    const [left, stays] = [ask(1, { signal: leaving.signal }), ask(1)];
    await settle();
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    await answer();
    expect(await stays).toMatchObject({ name: expect.stringMatching(/1$/) });
    expect(asked).toEqual(['1:right']);
  });

  it('is not made if all its callers leave before its turn', async () => {
    const { ask, answer, asked, callers } = lab({ held: true });
    const leaving = new AbortController();
    const first = ask(1);
    const left = ask(2, { signal: leaving.signal });
    const third = ask(3);
    await settle();
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    expect(callers.held().waiting).toBe(2);
    await answer();
    await answer();
    await Promise.all([first, third]);
    expect(asked).toEqual(['1:right', '3:right']);
  });

  it('comes after one sign-in of each other address, not after all that came before it', async () => {
    const { ask, answer, asked, callers } = lab({ held: true });
    const all = [1, 2, 3].map((number) => ask(number));
    all.push(ask(4, { from: '192.0.2.2' }), ask(5, { from: '192.0.2.2' }), ask(6, { from: '192.0.2.3' }));
    await settle();
    while (callers.held().waiting > 0) await answer();
    await Promise.all(all);
    expect(asked.map((each) => each[0]).join('')).toBe('146253');
  });

  it('that takes too long is told from one whose turn does not come', async () => {
    const { status } = lab({ held: true, patience: 1 });
    expect(await Promise.all([status(1), status(2)])).toEqual([
      [502, 'Keystone does not answer in time'],
      [503, 'the first sign-ins of other callers take too long'],
    ]);
  });

  it('that Keystone refuses for another reason counts as well, and only the operator is told the reason', async () => {
    const { status, asked, warnings } = lab();
    const refused = [502, 'Keystone refuses to sign this caller in, and does not say that the credential is wrong'];
    for (let tries = 0; tries < 3; tries += 1) expect(await status(0, { secret: 'locked' })).toEqual(refused);
    expect(asked).toHaveLength(1);
    expect(warnings).toEqual([
      'A caller from 192.0.2.1 cannot sign in: Keystone refused the sign-in (HTTP status 403: "locked").',
    ]);
    for (let number = 1; number < 20; number += 1) await status(number, { secret: 'locked' });
    expect(await status(20)).toMatchObject([503, {}]);
  });

  it('that is refused is not repeated for a minute', async () => {
    const { status, clock, asked } = lab();
    const refused = [401, expect.stringContaining('Keystone refuses the application credential')];
    expect(await status(1, { secret: 'wrong' })).toEqual(refused);
    clock.pass(minute - 1);
    expect(await status(1, { secret: 'wrong', from: '192.0.2.9' })).toEqual(refused);
    expect(asked).toHaveLength(1);
    clock.pass(1);
    expect(await status(1, { secret: 'wrong' })).toEqual(refused);
    expect(asked).toHaveLength(2);
  });

  it('fails 20 times a minute from one address, and only unknown credentials of that address then have to wait', async () => {
    const { ask, status, clock, asked } = lab();
    const known = await ask(7);
    const limited = [503, 'too many sign-ins from this address have failed, or have not ended'];
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, number) => status(number, { secret: 'wrong' })),
    );
    expect(answers.filter(([code]) => code === 401)).toHaveLength(20);
    expect(answers.slice(20)).toEqual(Array(980).fill(limited));
    expect(asked).toHaveLength(21);
    expect(await ask(7)).toBe(known);
    expect(await status(8)).toEqual(limited);
    expect(await status(8, { from: '192.0.2.2' })).toEqual([200, '']);
    clock.pass(minute);
    expect(await status(9)).toEqual([200, '']);
  });

  it('counts for the address that the proxy in front names, and for a whole IPv6 subnet', async () => {
    const { status } = lab({ behindTls: true });
    for (let number = 0; number < 20; number += 1) {
      await status(number, { secret: 'wrong', forwarded: `10.0.0.${number}, 2001:db8::${number}` });
    }
    expect(await status(20, { forwarded: '192.0.2.5, 2001:db8::ffff' })).toMatchObject([503, {}]);
    expect(await status(20, { forwarded: '2001:db8::1, 192.0.2.5' })).toEqual([200, '']);
    expect(await status(20, { forwarded: '::ffff:192.0.2.6' })).toEqual([200, '']);
    const direct = lab();
    for (let number = 0; number < 20; number += 1) {
      await direct.status(number, { secret: 'wrong', forwarded: `10.0.0.${number}` });
    }
    expect(await direct.status(20, { forwarded: '10.0.0.99' })).toMatchObject([503, {}]);
  });

  it('through a proxy that does not name its client is refused, whatever the credential is', async () => {
    const { status, asked } = lab({ behindTls: true });
    const refused = [403, 'the proxy in front of this server does not say whom it serves'];
    for (const forwarded of ['', 'unknown', '192.0.2.5, unknown']) {
      expect(await status(1, { forwarded })).toEqual(refused);
    }
    expect(asked).toEqual([]);
  });

  it('from 257 callers at once is too much for one of them', async () => {
    const { status, answer, callers } = lab({ held: true });
    const statuses = Array.from({ length: 257 }, (_, number) => status(number, { from: `198.51.100.${number % 200}` }));
    expect(await statuses[256]).toEqual([503, '256 callers are waiting for their first sign-in']);
    while (callers.held().waiting > 0) await answer();
    expect((await Promise.all(statuses)).filter(([code]) => code === 200)).toHaveLength(256);
  });

  it('at a Keystone that is down counts against nobody, and the caller does not learn its address', async () => {
    const { status, takeDown, warnings } = lab();
    takeDown(true);
    for (let tries = 0; tries < 30; tries += 1) {
      expect(await status(1)).toEqual([502, 'Keystone does not answer as it should']);
    }
    expect(warnings[0]).toBe('Nobody new can sign in: Keystone at http://10.0.0.9 cannot be reached.');
    takeDown(false);
    expect(await status(1)).toEqual([200, '']);
  });
});

describe('a credential that Keystone no longer accepts', () => {
  it('is forgotten and refused, but does not count against its address', async () => {
    const { ask, status, revoke, callers, asked, clock } = lab();
    for (let number = 0; number < 25; number += 1) {
      await ask(number);
      revoke(number);
      expect(await status(number)).toMatchObject([401, {}]);
    }
    expect(callers.held()).toEqual({ cores: 0, waiting: 0, refused: 25, addresses: 0 });
    expect(asked).toHaveLength(25);
    clock.pass(minute);
    expect(await status(1)).toEqual([200, '']);
  });

  it('in a core that was dropped leaves the next core of that credential alone', async () => {
    const { ask, refuseOldest, clock } = lab();
    await ask(1);
    clock.pass(15 * minute);
    await ask(2);
    const next = await ask(1);
    refuseOldest();
    expect(await ask(1)).toBe(next);
  });
});
