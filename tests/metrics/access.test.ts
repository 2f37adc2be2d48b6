import { describe, expect, it } from 'vitest';
import { createCallers } from '../../src/commands/sign-in/callers.js';
import { systemClock } from '../../src/local/clock.js';
import { createRestApp } from '../http/rest-app.js';

describe('/metrics', () => {
  it('wants the token, if there is one', async () => {
    const app = await createRestApp({ token: 'a-token-of-an-operator' });
    const status = async (authorization?: string) =>
      (await app.ask('GET', '/metrics', undefined, authorization === undefined ? {} : { authorization })).status;
    expect(await status()).toBe(401);
    expect(await status('Bearer another')).toBe(401);
    expect(await status('Bearer a-token-of-an-operator')).toBe(200);
    const { text } = await app.ask('GET', '/metrics', undefined, { authorization: 'Bearer a-token-of-an-operator' });
    expect(text).not.toContain('a-token');
  });

  it.each([
    ['127.0.0.1', {}, true],
    ['::1', {}, true],
    ['::ffff:127.0.0.1', {}, true],
    ['10.0.0.5', {}, false],
    ['fe80::1', {}, false],
    ['', {}, false],
    ['127.0.0.1', { 'x-forwarded-for': '127.0.0.1' }, false],
    ['127.0.0.1', { forwarded: 'for=10.0.0.5' }, false],
  ])('is for this machine alone if each caller signs in: from %j with %j', (client, headers, isLetIn) => {
    const { admitMonitor } = createCallers({
      signIn: () => Promise.reject(new Error('nobody signs in')),
      isBusy: () => false,
      behindTls: true,
      patience: 1,
      clock: systemClock,
      warn: () => undefined,
    });
    const ask = () => admitMonitor?.(new Request('http://127.0.0.1/metrics', { headers }), client);
    if (isLetIn) expect(ask).not.toThrow();
    else expect(ask).toThrow('Not permitted');
  });
});
