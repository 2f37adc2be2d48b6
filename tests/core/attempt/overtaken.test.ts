import { describe, expect, it } from 'vitest';
import { freeServer, lostRequest, type Mishap, refused, script, uuid } from '../fake-bare-metal.js';
import { setup } from '../setup.js';

const byId = { server_id: 'bm-1' };
const theirs = uuid(700);

/** Somebody else acts on bm-1 right after our reservation, and our start is held up by a lock. */
function overtaken(act: (lab: ReturnType<typeof setup>) => void, key?: string) {
  const locked: Mishap = () => {
    act(lab);
    refused('locked')(() => undefined);
  };
  const lab = setup({ servers: [freeServer(1), freeServer(2)], misbehave: script({ deploy: [locked] }) });
  return { lab, request: { ...byId, ...(key === undefined ? {} : { idempotency_key: key }) } };
}

describe.each([undefined, 'job-1'])('a start that a lock holds up (key: %s)', (key) => {
  it('is not sent again once somebody else has reserved the server', async () => {
    const { lab, request } = overtaken(
      ({ bareMetal }) => bareMetal.set(uuid(1), { deploymentId: theirs, entry: null, attemptId: null }),
      key,
    );
    expect(await lab.failure(request)).toMatchObject({
      code: 'server_not_available',
      reason: 'somebody else has reserved it',
    });
    expect(lab.bareMetal.deployments).toEqual([]);
    expect(lab.bareMetal.servers.get(uuid(1))?.deploymentId).toBe(theirs);
  });

  it('is not sent again once somebody has removed its reservation', async () => {
    const { lab, request } = overtaken(
      ({ bareMetal }) => bareMetal.set(uuid(1), { deploymentId: null, entry: null, attemptId: null }),
      key,
    );
    expect((await lab.failure(request)).reason).toBe('somebody has removed its reservation');
    expect(lab.bareMetal.deployments).toEqual([]);
  });

  it('is not sent again once the server is in maintenance, and the server is given back', async () => {
    const { lab, request } = overtaken(({ bareMetal }) => bareMetal.set(uuid(1), { maintenance: true }), key);
    expect((await lab.failure(request)).reason).toBe('it is in maintenance');
    expect(lab.bareMetal.deployments).toEqual([]);
    expect(lab.bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });
});

describe('a start with ports', () => {
  const vifs = [uuid(801), uuid(802)];

  it('reads the server again, because attaching the ports takes time', async () => {
    const lab = setup();
    await lab.provision({ ...byId, vifs });
    expect(lab.bareMetal.requests.slice(-3)).toEqual(['cards bm-1', 'find bm-1', 'deploy bm-1']);
  });

  it('is not sent when a port has been detached, because the server would not be connected', async () => {
    const lab = setup({
      misbehave: script({
        cards: [null, () => lab.bareMetal.portsOf(uuid(1)).delete(uuid(802))],
      }),
    });
    expect(await lab.failure({ ...byId, vifs })).toMatchObject({
      code: 'server_not_available',
      reason: `port ${uuid(802)} has been detached from it`,
      retryable: true,
    });
    expect(lab.bareMetal.deployments).toEqual([]);
    expect([...lab.bareMetal.portsOf(uuid(1))]).toEqual([]);
  });

  it('detaches its ports if somebody else has the server by then', async () => {
    const lab = setup({
      misbehave: script({
        find: [null, () => lab.bareMetal.set(uuid(1), { deploymentId: theirs, entry: null, attemptId: null })],
      }),
    });
    expect(await lab.failure({ ...byId, vifs })).toMatchObject({ code: 'server_not_available' });
    expect(lab.bareMetal.deployments).toEqual([]);
    expect([...lab.bareMetal.portsOf(uuid(1))]).toEqual([]);
    expect(lab.bareMetal.servers.get(uuid(1))?.deploymentId).toBe(theirs);
  });
});

describe('a part of the config drive that Ironic quotes', () => {
  const secret = 'correct horse battery staple';
  const config_drive = { user_data: `#cloud-config\npassword: "${secret}"\nruncmd: [reboot]\n` };

  it.each([
    ['in full', `Invalid configdrive: {'user_data': '#cloud-config\\npassword: "${secret}"\\n'}`],
    ['in JSON', JSON.stringify({ user_data: config_drive.user_data })],
    ['cut off in the middle', `Invalid configdrive: {'user_data': '#cloud-config\\npassword: "correct horse bat…`],
  ])('is not in the answer: %s', async (_, words) => {
    const lab = setup({ misbehave: script({ deploy: [refused('invalid', words)] }) });
    const { reason } = await lab.failure({ ...byId, config_drive });
    expect(reason).toContain('***');
    expect(reason).not.toMatch(/correct|horse|battery|staple/);
  });

  it("is removed without the rest of Ironic's message", async () => {
    const words = `user_data "${secret}" is 3 bytes too long for partition sda4`;
    const lab = setup({ misbehave: script({ deploy: [refused('invalid', words)] }) });
    expect((await lab.failure({ ...byId, config_drive })).reason).toMatch(/is 3 bytes too long for partition sda4/);
  });
});

describe.each([undefined, 'job-1'])('a server whose instance_info somebody has cleared (key: %s)', (key) => {
  it('is not deployed, loses our ports, and is named in the answer', async () => {
    const vifs = [uuid(801)];
    const lab = setup({
      misbehave: script({
        cards: [null, () => lab.bareMetal.set(uuid(1), { entry: null, attemptId: null })],
      }),
    });
    const request = { ...byId, vifs, ...(key === undefined ? {} : { idempotency_key: key }) };
    const failure = await lab.failure(request);
    const now = lab.bareMetal.servers.get(uuid(1));
    expect(failure.code).toBe(key === undefined ? 'server_not_available' : 'idempotency_conflict');
    expect(failure.deployment).toEqual({ operationId: uuid(1), deploymentId: now?.deploymentId });
    if (key === undefined)
      expect(failure.reason).toMatch(/^somebody has changed what it should deploy\. .* is still reserved/);
    expect(lab.bareMetal.deployments).toEqual([]);
    expect([...lab.bareMetal.portsOf(uuid(1))]).toEqual([]);
  });
});

describe('a server that stays reserved for a key', () => {
  it('is not called reserved if the reservation never arrived', async () => {
    const lab = setup({ misbehave: script({ reserve: [lostRequest, ...Array(7).fill(refused('locked'))] }) });
    const failure = await lab.failure({ ...byId, idempotency_key: 'job-1' });
    expect(failure).toMatchObject({ code: 'server_not_available', retryable: false });
    expect(failure.reason).toContain('If that request still arrives');
    expect(lab.bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });

  it('is not called reserved if another call has given it back', async () => {
    const lab = setup({
      misbehave: script({
        cards: [
          null,
          () => {
            lab.bareMetal.portsOf(uuid(1)).clear();
            lab.bareMetal.set(uuid(1), { deploymentId: null, entry: null, attemptId: null });
          },
        ],
      }),
    });
    const failure = await lab.failure({ ...byId, vifs: [uuid(801)], idempotency_key: 'job-1' });
    expect(failure.reason).toBe(`port ${uuid(801)} has been detached from it`);
  });
});
