import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { createActorCloud } from './third-actor/actor-cloud.js';
import { createProgram } from './third-actor/actor-lab.js';
import { nodeNow } from './third-actor/journal.js';
import { endingOf } from './third-actor/play.js';
import { requestFor } from './third-actor/ways.js';

const { signal } = new AbortController();

test('an entry that somebody else forged with their own salt does not count as a deployment of the key', async () => {
  const ground = createActorCloud();
  const request = await requestFor(ground, 'by id', { idempotency_key: 'one' });
  const id = String(request.server_id);
  const first = await endingOf(createProgram(ground, ground.send, 1).provision(request, signal));
  const deploymentId = String('response' in first && first.response.deployment_id);
  const now = await nodeNow(ground, id);
  const entries = now?.instance_info.ironic_mcp as Record<string, Record<string, unknown>>;

  // Everybody who can read the node can guess at the request, and write an entry for the guess.
  const { idempotency_key: _, ...guess } = request;
  const sorted = Object.fromEntries(Object.entries(guess).sort(([left], [right]) => (left < right ? -1 : 1)));
  const salt = '0b0c6c0e-7a53-4a0e-8a54-0d5e3a4f7f10';
  const digest = createHmac('sha256', salt).update(JSON.stringify(sorted)).digest('base64url');
  for (let rests = 0; rests < 20; rests += 1) await ground.rest();
  const forged = {
    ...ground.describe('theirs'),
    ironic_mcp: { [deploymentId]: { ...entries[deploymentId], digest, salt } },
  };
  const patched = await ground.ask('PATCH', `nodes/${id}`, [{ op: 'replace', path: '/instance_info', value: forged }]);
  expect(patched.status).toBe(200);

  const again = await endingOf(createProgram(ground, ground.send, 2).provision(request, signal));
  expect(again).toMatchObject({ failure: { code: 'idempotency_conflict' } });
});
