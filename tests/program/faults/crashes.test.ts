import { afterAll, describe, expect, it } from 'vitest';
import { crashes } from '../../contract/crashes.js';
import { startFaultProxy } from '../../support/faults/fault-proxy.js';
import { localImages } from '../../support/local-images.js';
import { openSession } from '../../support/mcp-session.js';
import { run } from '../../support/program.js';
import { type SimulatedIronic, startSimulatedIronic } from '../../support/simulated-ironic.js';

const image = 'file:///images/debian.qcow2';

describe('on the simulator', () => {
  let ironic: SimulatedIronic;
  // At a thousand times the speed a server is given back at once.
  const begin = Date.now();
  const clock = { now: () => begin + (Date.now() - begin) * 1_000 };
  afterAll(() => ironic.close());

  crashes(async () => {
    ironic = await startSimulatedIronic({ clock });
    return { endpoint: ironic.url, image };
  });
});

describe('a reservation that a killed program left behind', () => {
  it('is reported by the check, with the command to release it', async () => {
    let now = Date.now();
    const ironic = await startSimulatedIronic({ clock: { now: () => now } });
    const proxy = await startFaultProxy(ironic.url);
    const env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: ironic.url, ...localImages };
    const session = await openSession('v2', { ...env, OS_ENDPOINT: proxy.url });
    proxy.on({ method: 'PUT' }, () => void process.kill(session.pid, 'SIGKILL'));
    await session.callTool('provision_server', { image_id: image, server_id: 'rack1-small-01' }).catch(() => undefined);
    await session.exited;

    const early = await run(['check'], env);
    expect(early.stdout).not.toContain('never deployed');
    // This is long enough even for our own clock, which stands still.
    now += 600_000;
    const { stdout } = await run(['check'], env);
    expect(stdout).toMatch(/rack1-small-01.*reserved since .*never deployed/);
    await proxy.close();
    await ironic.close();
  });
});
