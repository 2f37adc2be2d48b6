import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConfigError } from '../src/config/errors.js';
import { type Connection, connect } from '../src/connect.js';
import { Failure } from '../src/core/failures.js';
import { ProvisionResponse } from '../src/core/requests.js';
import { whileCollectingGarbage } from './support/garbage.js';
import { startSimulatedIronic } from './support/simulated-ironic.js';

const quickly = { IRONIC_MCP_SIM_SPEED: '10000' };

/** Follows a deployment to its end. */
async function end(cloud: Connection, operation_id: string) {
  for (;;) {
    const status = await cloud.status({ operation_id, wait_seconds: 50 });
    if (status.status !== 'in_progress') return status;
  }
}

describe('connect', () => {
  it('gives a simulated cloud without settings, and its messages say so', async () => {
    const cloud = await connect(quickly);
    const started = await cloud.provision({ image_id: 'debian-12', resource_class: 'baremetal.small' });
    expect(cloud.simulated).toBe(true);
    expect(started).toMatchObject({ status: 'accepted', message: expect.stringMatching(/^Simulated: /) });
    expect(await end(cloud, started.operation_id)).toMatchObject({ status: 'completed', progress_percent: 100 });
    await cloud.settled();
  });

  it('uses the Ironic that the settings name', async () => {
    const ironic = await startSimulatedIronic();
    try {
      const { url } = ironic;
      const cloud = await connect({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: url, OS_IMAGE_ENDPOINT_OVERRIDE: url });
      const started = await cloud.provision({ image_id: 'debian-12', server_id: 'rack1-small-01' });
      expect(cloud.simulated).toBe(false);
      expect(started.message).toMatch(/^Deployment of image debian-12 on server rack1-small-01/);
      expect(await ironic.node('rack1-small-01')).toMatchObject({ instance_uuid: started.deployment_id });
    } finally {
      await ironic.close();
    }
  });

  it('returns the answer of a change unchecked, because a failed check would hide the deployment', async () => {
    const cloud = await connect(quickly);
    const refusing = vi.spyOn(ProvisionResponse, 'parse').mockImplementation(() => {
      throw new TypeError('no such answer');
    });
    onTestFinished(() => refusing.mockRestore());
    expect(await cloud.provision({ image_id: 'debian-12' })).toMatchObject({ status: 'accepted' });
  });

  it('lists the images to choose from', async () => {
    const { images } = await (await connect(quickly)).images();
    expect(images.map(({ name }) => name)).toContain('debian-12');
  });

  it('lists the servers', async () => {
    const { servers } = await (await connect(quickly)).servers();
    expect(servers.map(({ name }) => name)).toContain('rack1-small-01');
  });

  it('calls any operation by the name of its tool', async () => {
    const cloud = await connect(quickly);
    expect(await cloud.call('list_images', { limit: 1 })).toMatchObject({ images: [expect.anything()] });
    await expect(cloud.call('list_planets')).rejects.toThrow('There is no tool "list_planets".');
  });

  it('obeys the policy of the settings', async () => {
    const cloud = await connect({ ...quickly, IRONIC_MCP_READ_ONLY: 'true' });
    await expect(cloud.provision({ image_id: 'debian-12' })).rejects.toMatchObject({ code: 'not_permitted' });
  });

  it('refuses wrong settings in one sentence', async () => {
    await expect(connect({ OS_AUTH_TYPE: 'none' })).rejects.toThrow(ConfigError);
    await expect(connect({ IRONIC_MCP_SIM_SPEED: 'fast' })).rejects.toThrow(/^IRONIC_MCP_SIM_SPEED must be /);
  });

  it('refuses an argument outside of the schema, as the tools do', async () => {
    const cloud = await connect(quickly);
    const refused = cloud.provision({ image_id: 'debian-12', hostname: 'not a name' });
    await expect(refused).rejects.toThrow(Failure);
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_request',
      reason: 'hostname: must be a DNS host name',
    });
  });

  it('causes no warning of Node when many calls share one signal', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const cloud = await connect({ IRONIC_MCP_SIM_SPEED: '0.01' });
    const { operation_id } = await cloud.provision({ image_id: 'debian-12' });
    const leaving = new AbortController();
    const { signal } = leaving;
    const waiting = Array.from({ length: 30 }, () => cloud.status({ operation_id, wait_seconds: 50 }, { signal }));
    const left = Promise.allSettled(waiting);
    await cloud.status({ operation_id });
    leaving.abort(new Error('gone'));
    expect((await left).map((each) => String(Reflect.get(each, 'reason')))).toEqual(Array(30).fill('Error: gone'));
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  it("ends a wait with the signal's reason", async () => {
    const cloud = await connect({ IRONIC_MCP_SIM_SPEED: '0.01' });
    const { operation_id } = await cloud.provision({ image_id: 'debian-12' });
    const leaving = new AbortController();
    const waiting = cloud.status({ operation_id, wait_seconds: 50 }, { signal: leaving.signal });
    leaving.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
  });

  it('ends a wait after its time, even if garbage is collected meanwhile', async () => {
    const cloud = await connect({ IRONIC_MCP_SIM_SPEED: '0.01' });
    const { operation_id } = await cloud.provision({ image_id: 'debian-12' });
    const request = { operation_id, wait_seconds: 10 };
    // Only the call holds the signal.
    const waiting = cloud.call('check_provision_status', request, { signal: AbortSignal.timeout(500) });
    await expect(whileCollectingGarbage(waiting)).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
