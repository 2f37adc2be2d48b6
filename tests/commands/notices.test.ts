import { describe, expect, it } from 'vitest';
import { http } from '../../src/commands/http.js';
import type { Command } from '../../src/commands/io.js';
import { stdio } from '../../src/commands/stdio.js';
import { createFakeIo } from '../support/fake-io.js';

const faces: readonly (readonly [name: string, command: Command, args: readonly string[]])[] = [
  ['MCP on stdio', stdio, []],
  ['REST', http, ['--port', '0']],
];

describe.each(faces)('the user who starts %s', (_, command, args) => {
  const noticesWith = async (env: Record<string, string>) => {
    const world = createFakeIo({ env });
    world.stop();
    expect(await command(world.io, args)).toBe(0);
    return world.stderr();
  };

  it('is told that the cloud is simulated', async () => {
    expect(await noticesWith({})).toContain(
      'ironic-mcp: No OS_* variable is set, so the cloud is simulated. No real server is touched.\n',
    );
  });

  it('is told that certificates are not checked', async () => {
    const env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: 'https://127.0.0.1:9', OS_INSECURE: 'true' };
    const notices = await noticesWith(env);
    expect(notices).toMatch(/^ironic-mcp: .*OS_INSECURE.*\n/);
    expect(notices).not.toContain('simulated');
  });
});
