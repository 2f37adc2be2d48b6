import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { start } from '../../support/program.js';

it('check writes no error when it is interrupted', async () => {
  const silent = createServer();
  await once(silent.listen(0, '127.0.0.1'), 'listening');
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const asked = once(silent, 'request');
  const running = start(['check'], { OS_AUTH_TYPE: 'none', OS_ENDPOINT: endpoint });
  await asked;
  process.kill(running.pid, 'SIGINT');
  expect(await running.exited).toEqual({ code: 1, signal: null });
  expect(running.stderr()).toBe('');
  silent.close();
  silent.closeAllConnections();
});
