import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSimulator } from '../../../src/simulator/cloud.js';
import { type ClientLine, clientLines, type McpSession, openSession } from '../../support/mcp-session.js';
import { check, failureIn, finished, provision } from '../../support/tool-answers.js';

const uuidOf = (name: string) => createSimulator().world.fleet.byName(name)?.uuid;

const options = { concurrent: true };
const sshKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM ada';

describe.each(clientLines)('an agent with a %s client, on the simulator', options, (line: ClientLine) => {
  let session: McpSession;
  beforeAll(async () => {
    session = await openSession(line, { IRONIC_MCP_SIM_SPEED: '2000' });
  });
  afterAll(async () => {
    expect(await session.close()).toEqual({ code: 0, signal: null });
  });

  it('deploys a server of a class to the end', async () => {
    const accepted = await provision(session, {
      image_id: 'ubuntu-24.04',
      resource_class: 'baremetal.gpu',
      hostname: 'gpu.example.com',
      ssh_public_keys: [sshKey],
    });
    expect(accepted.status).toBe('accepted');
    expect(accepted.operation_id).toBe(accepted.server_id);
    expect(accepted.server_name).toMatch(/^rack3-gpu-0[12]$/);
    expect(accepted.message).toContain(
      `Simulated: Deployment of image ubuntu-24.04 on server ${accepted.server_name} (host name gpu.example.com) has started. Follow it with check_provision_status.`,
    );

    const status = await finished(session, accepted);
    expect(status).toMatchObject({
      status: 'completed',
      operation_id: accepted.operation_id,
      server_id: accepted.server_id,
      server_name: accepted.server_name,
      deployment_id: accepted.deployment_id,
      provision_state: 'active',
      progress_percent: 100,
      started_at: accepted.started_at,
      poll_after_seconds: null,
      failure: null,
    });
    expect(Date.parse(status.completed_at ?? '')).toBeGreaterThanOrEqual(Date.parse(accepted.started_at));
  });

  it('takes a server by its name', async () => {
    const accepted = await provision(session, { image_id: 'debian-12', server_id: 'rack1-small-01' });
    expect(accepted.server_id).toBe(uuidOf('rack1-small-01'));
    expect(await finished(session, accepted)).toMatchObject({ status: 'completed', server_name: 'rack1-small-01' });
  });

  it('takes a server by its UUID', async () => {
    const uuid = uuidOf('rack1-small-02') ?? '';
    const accepted = await provision(session, { image_id: 'debian-12', server_id: uuid });
    expect(accepted.server_id).toBe(uuid);
    expect(await finished(session, accepted)).toMatchObject({ status: 'completed', server_name: 'rack1-small-02' });
  });

  it('warns when nobody may be able to log in', async () => {
    const { message } = await provision(session, { image_id: 'debian-12', server_id: 'rack2-large-01' });
    expect(message).toContain(
      'Nobody may be able to log in, because the request has neither ssh_public_keys nor user data.',
    );
  });

  it('is refused a server that has a system already', async () => {
    const request = { image_id: 'debian-12', server_id: 'rack1-small-03', ssh_public_keys: [sshKey] };
    const accepted = await provision(session, request);
    await finished(session, accepted);

    expect(failureIn(await session.callTool('provision_server', request))).toEqual([
      'Server rack1-small-03 is not available for provisioning',
      `Reason: its state is active; it was given image debian-12 at ${accepted.started_at}`,
      'Next: Name another server, or leave out server_id to deploy on any free one.',
      'Code: server_not_available',
      'Retryable: no',
    ]);
  });

  it('learns which step of a deployment failed, and why', async () => {
    const accepted = await provision(session, { image_id: 'broken-image', server_id: 'rack2-large-02' });
    const status = await finished(session, accepted);
    expect(status).toMatchObject({
      status: 'failed',
      provision_state: 'deploy failed',
      progress_percent: null,
      deployment_id: accepted.deployment_id,
      failure: {
        code: 'checksum_mismatch',
        step: 'write_image',
        summary: 'The image did not match its checksum',
        retry: 'no',
        hint: `Call provision_server with another image and a new idempotency_key, or ask the operator to correct the checksum of this one. This server stays reserved. To give it back, the operator runs "openstack baremetal node undeploy ${accepted.operation_id}".`,
      },
    });
    expect(status.failure?.ironic_error).toMatch(/^Deploy step deploy\.write_image failed on node/);
    expect(status.message).toContain(
      'Deployment on server rack2-large-02 failed at step write_image: The image did not match its checksum.',
    );
    expect(Date.parse(status.completed_at ?? '')).toBeGreaterThanOrEqual(Date.parse(accepted.started_at));
  });
});

describe.each(clientLines)('a %s client that names neither server nor class', options, (line: ClientLine) => {
  it('gets any free server', async () => {
    const session = await openSession(line, { IRONIC_MCP_SIM_SPEED: '2000' });
    // This one would fail, as its name says: so it must not be free.
    const doomed = await provision(session, { image_id: 'debian-12', server_id: 'rack3-large-fail-write-image' });
    expect(await finished(session, doomed)).toMatchObject({
      status: 'failed',
      failure: { code: 'no_space', step: 'write_image' },
    });

    const accepted = await provision(session, { image_id: 'debian-12' });
    expect(await finished(session, accepted)).toMatchObject({ status: 'completed', server_id: accepted.server_id });
    await session.close();
  });
});

describe.each(clientLines)('a wait of a %s client', options, (line: ClientLine) => {
  it('ends at the next change and shows each step', async () => {
    const session = await openSession(line, { IRONIC_MCP_SIM_SPEED: '20' });
    const { operation_id } = await provision(session, { image_id: 'debian-12', server_id: 'rack1-small-01' });
    const seen: string[] = [];
    let percent = 0;
    for (;;) {
      // Far longer than the whole deployment takes.
      const status = await check(session, { operation_id, wait_seconds: 50 });
      seen.push(status.message);
      if (status.status !== 'in_progress') {
        expect(status.status).toBe('completed');
        break;
      }
      expect(status.progress_percent ?? percent).toBeGreaterThanOrEqual(percent);
      percent = status.progress_percent ?? percent;
      expect(status.poll_after_seconds).toBe(5);
      expect(status.completed_at).toBeNull();
    }
    expect(new Set(seen).size).toBe(seen.length);
    await session.close();
  });
});
