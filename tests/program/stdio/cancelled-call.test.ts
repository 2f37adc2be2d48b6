import { describe, expect, it } from 'vitest';
import { openLines } from '../../support/json-rpc-lines.js';
import { nowhere } from '../../support/nowhere.js';

const env = {
  OS_AUTH_URL: nowhere,
  OS_USERNAME: 'ada',
  OS_USER_DOMAIN_NAME: 'Default',
  OS_PASSWORD: 'secret',
  OS_PROJECT_NAME: 'machines',
  OS_PROJECT_DOMAIN_NAME: 'Default',
};

const line = (message: object) => JSON.stringify({ jsonrpc: '2.0', ...message });

describe('the first call to a cloud that cannot be reached, cancelled right after it was sent,', () => {
  it('does not keep the server from answering the next call', async () => {
    const lines = await openLines(env);
    const list = (input: object) => lines.request('tools/call', { name: 'list_servers', arguments: input });
    const params = { name: 'list_servers', arguments: {} };
    const cancelled = { method: 'notifications/cancelled', params: { requestId: 'first' } };
    lines.send([line({ id: 'first', method: 'tools/call', params }), line(cancelled)].join('\n'));
    // These are refused before anybody signs in, but not before the first one could have.
    for (let round = 1; round <= 10; round += 1) {
      expect((await list({ limit: 'all' })).result).toMatchObject({ isError: true });
    }
    const failed = {
      text: expect.stringMatching(/^Failed to communicate with Ironic\nReason: Keystone at .* cannot be/),
    };
    expect((await list({})).result).toMatchObject({ isError: true, content: [failed] });
    expect(await lines.leave()).toEqual({ code: 0, signal: null });
    expect(lines.stderr()).toBe('');
  });
});
