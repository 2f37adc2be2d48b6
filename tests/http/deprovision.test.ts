import { describe, expect, it, vi } from 'vitest';
import { expectDocumented } from './documented.js';
import { createRestApp } from './rest-app.js';

const env = { IRONIC_MCP_SIM_SPEED: '10000', IRONIC_MCP_ALLOW_DEPROVISION: 'true' };
const name = 'rack1-small-01';

/** A simulated cloud with one deployment. */
async function deployed(settings: Readonly<Record<string, string>> = env) {
  const app = await createRestApp({ env: settings });
  const { json } = await app.ask('POST', '/provision', { image_id: 'debian-12', server_id: name });
  const path = `/provision/${json.operation_id}`;
  // Faster than `wait_seconds`, which reads the node every two seconds.
  await vi.waitUntil(async () => (await app.ask('GET', path)).json.status === 'completed', { timeout: 50_000 });
  return { app, path, deploymentId: json.deployment_id };
}

describe('DELETE on a deployment', () => {
  it('undeploys it if the request names the server, and says where to follow it', async () => {
    const { app, path, deploymentId } = await deployed();
    const answer = await app.ask('DELETE', path, { confirm_server_name: name, deployment_id: deploymentId });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(path);
    expect(answer.json).toMatchObject({ status: 'accepted', server_name: name, deployment_id: deploymentId });
    expectDocumented(answer);
    const status = await app.ask('GET', path);
    expect(status.json).toMatchObject({ code: 'operation_not_found', reason: expect.stringMatching(/^its state is /) });
    // The message says to call again, which ends when the server is free.
    await vi.waitUntil(
      async () => {
        const { json } = await app.ask('DELETE', path, { confirm_server_name: name });
        expect(['in_progress', 'completed']).toContain(json.status);
        return json.status === 'completed';
      },
      { timeout: 50_000 },
    );
  });

  it.each([
    ['without a name', undefined, 422, 'invalid_request'],
    ['with another name', { confirm_server_name: 'rack1-small-02' }, 409, 'not_confirmed'],
    [
      'of another deployment',
      { confirm_server_name: name, deployment_id: '00000000-0000-4000-8000-000000000009' },
      404,
      'operation_not_found',
    ],
  ])('%s changes nothing', async (_, body, status, code) => {
    const { app, path } = await deployed();
    const answer = await app.ask('DELETE', path, body);
    expect(answer.json).toMatchObject({ status, code });
    expectDocumented(answer);
    expect((await app.ask('GET', path)).json).toMatchObject({ status: 'completed' });
  });

  it('is refused unless the operator has allowed it', async () => {
    const { app, path } = await deployed({ IRONIC_MCP_SIM_SPEED: '10000' });
    const answer = await app.ask('DELETE', path, { confirm_server_name: name });
    expect(answer.json).toMatchObject({
      status: 403,
      code: 'not_permitted',
      reason: 'undeploying is switched off (IRONIC_MCP_ALLOW_DEPROVISION)',
    });
    expectDocumented(answer);
    expect((await app.ask('GET', path)).json).toMatchObject({ status: 'completed' });
  });
});
