import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { composeCloud } from '../../../src/compose.js';
import { readConfig } from '../../../src/config/config.js';
import { createStatusService } from '../../../src/core/status/wait-for-change.js';
import { systemClock as clock } from '../../../src/local/clock.js';
import { openPolicy } from '../../support/open-policy.js';
import type { Cloud } from './cloud.js';

/** In seconds: shorter than 200 requests take. */
const shortLife = 8;
const callers = 200;

export function lifeOfAToken(cloud: () => Cloud): void {
  describe('a token', () => {
    test('that expires during 200 calls is renewed once, and every call succeeds', {
      timeout: 180_000,
    }, async () => {
      const { openrc, signIns, requests, secrets, token_lifetime_file } = cloud();
      const lifetime = await readFile(token_lifetime_file, 'utf8');
      const stopListening = collectTokens(secrets);
      try {
        const env = { ...openrc('system_admin'), IRONIC_MCP_REQUEST_TIMEOUT: '60' };
        const ports = {
          ...(await composeCloud(await readConfig(env, {}))),
          clock,
          random: Math.random,
          policy: openPolicy,
        };
        // Calls for the same server through the same service share an answer, so each call has a service of its own.
        const look = () =>
          createStatusService(ports).status({ operation_id: 'bm-0009', wait_seconds: 0 }, new AbortController().signal);

        const before = { signIns: await signIns(), requests: (await requests()).length };
        await writeFile(token_lifetime_file, String(shortLife));
        await look();
        // The next token lasts.
        await writeFile(token_lifetime_file, lifetime);
        expect((await signIns()) - before.signIns).toBe(1);

        const keepLooking = async () => {
          do {
            expect((await look()).provision_state).toBe('active');
          } while ((await signIns()) - before.signIns < 2);
        };
        await Promise.all(Array.from({ length: callers }, keepLooking));

        expect((await signIns()) - before.signIns).toBe(2);
        const statuses = (await requests()).slice(before.requests).map((line) => line.split(' ').at(-1));
        expect(statuses.filter((status) => status === '200').length).toBeGreaterThanOrEqual(callers);
        expect(new Set(statuses)).toEqual(new Set(['200', '401']));
      } finally {
        stopListening();
        await writeFile(token_lifetime_file, lifetime);
      }
    });
  });
}

/** Records every token that Keystone gives to this process from now on. */
function collectTokens(secrets: Set<string>): () => void {
  const { fetch } = globalThis;
  globalThis.fetch = async (...args) => {
    const response = await fetch(...args);
    const token = response.headers.get('x-subject-token');
    if (token) secrets.add(token);
    return response;
  };
  return () => {
    globalThis.fetch = fetch;
  };
}
