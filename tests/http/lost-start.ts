import { expect } from 'vitest';
import { type FaultProxy, faults } from '../support/faults/fault-proxy.js';
import { expectDocumented } from './documented.js';
import { sameFailure } from './failing-requests.js';
import type { RestClient } from './rest-client.js';

/**
 * Deploys by REST, then by MCP, with an Ironic that does not answer the start. Both say in the same words that the outcome
 * is unknown.
 *
 * @param body Names the server by its id.
 * @param restore Gives the server back after each call.
 */
export async function expectLostStart(
  client: RestClient,
  proxy: FaultProxy,
  body: { readonly server_id: string } & Readonly<Record<string, string>>,
  restore: () => Promise<unknown>,
): Promise<void> {
  const lost = async <Result>(ask: () => Promise<Result>): Promise<Result> => {
    proxy.on({ method: 'PUT' }, faults.resetBefore);
    proxy.on({ method: 'GET', path: '/v1/nodes/', nth: 2 }, faults.down);
    const answer = await ask();
    await proxy.up();
    proxy.clear();
    await restore();
    return answer;
  };
  const rest = await lost(() => client.ask('POST', '/provision', body));
  expectDocumented(rest);
  // The client must not repeat this by itself.
  expect(rest.headers.get('retry-after')).toBeNull();
  expect(sameFailure(rest, await lost(() => client.callTool('provision_server', body)))).toMatchObject({
    status: 502,
    code: 'outcome_unknown',
    detail: 'Failed to communicate with Ironic',
    reason: expect.stringContaining(`may be deploying: operation ${body.server_id}`),
    retryable: false,
  });
}
