import { describe, expect, it } from 'vitest';
import { serverNotAvailable } from '../../../src/core/inventory/server-not-available.js';
import { freeServer } from '../fake-bare-metal.js';

const entry = { started_at: '2026-11-22T08:00:00Z', image: 'ubuntu-24.04', digest: 'd' };

describe('a server that cannot be deployed now', () => {
  it.each(['deleting', 'cleaning', 'clean wait'])('is worth another call when it is %s', (provisionState) => {
    expect(serverNotAvailable('bm-1', freeServer(1, { provisionState }))).toMatchObject({
      code: 'server_not_available',
      id: 'bm-1',
      reason: `its state is ${provisionState}`,
      hint: expect.stringContaining('until this one is available'),
      retryable: true,
    });
  });

  it.each([
    ['has an owner', { provisionState: 'active' }],
    ['waits for somebody', { provisionState: 'clean failed' }],
    ['is cleaned in maintenance', { provisionState: 'cleaning', maintenance: true }],
    ['failed for somebody else', { provisionState: 'deploy failed' }],
  ])('is not worth another call when it %s', (_, overrides) => {
    expect(serverNotAvailable('bm-1', freeServer(1, overrides))).toMatchObject({
      hint: expect.stringMatching(/^Name another server, or leave out server_id/),
      retryable: false,
    });
  });

  it('can be deployed again in place if it carries a failed deployment of ours', () => {
    const failed = freeServer(1, { provisionState: 'deploy failed', deploymentId: 'd', entry });
    expect(serverNotAvailable('bm-1', failed)).toMatchObject({ hint: expect.stringContaining('retry_failed') });
  });
});
