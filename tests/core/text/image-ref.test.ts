import { describe, expect, it } from 'vitest';
import { createChanges } from '../../../src/core/async/changes.js';
import { createDeprovisionService } from '../../../src/core/deprovision/deprovision.js';
import { Failure } from '../../../src/core/failures.js';
import { createPolicy } from '../../../src/core/policy.js';
import { isSameRequest } from '../../../src/core/provision/request-identity.js';
import type { ProvisionRequest } from '../../../src/core/requests.js';
import type { Server } from '../../../src/core/server.js';
import { namedImage, withoutCredentials } from '../../../src/core/text/image-ref.js';
import { uuid } from '../fake-bare-metal.js';
import { type SetupOptions, setup } from '../setup.js';

const image_id = 'https://robot:hunter2@img.example.org/u.qcow2?X-Amz-Signature=hunter3';
const shown = 'https://***@img.example.org/u.qcow2?***';
const byName = { image_id, server_id: 'bm-1' };
const { signal } = new AbortController();

/** A server on which that image is deployed, and what its services say of it. */
async function deployed(changes: Partial<Server> = {}, key?: string) {
  const lab = setup();
  const request: ProvisionRequest = { ...byName, ...(key && { idempotency_key: key }) };
  const answer = await lab.provision(request);
  lab.bareMetal.set(uuid(1), { provisionState: 'active', ...changes });
  const { bareMetal, clock } = lab;
  const policy = createPolicy({ allowDeprovision: true, deprovisionForeign: true });
  const options = { bareMetal, clock, policy, random: () => 0, changes: createChanges() };
  const deprovision = createDeprovisionService(options);
  return {
    ...lab,
    answer,
    status: () => lab.service.status({ operation_id: uuid(1), wait_seconds: 0 }, signal),
    consent: () => deprovision.consent({ operation_id: uuid(1), confirm_server_name: 'bm-1' }, signal),
  };
}

/** Everything that a face could show of an answer or a failure. */
function textOf(value: unknown): string {
  return JSON.stringify(value instanceof Failure ? [{ ...value }, value.message] : value);
}

function expectSecrecy(value: unknown, url = shown): void {
  expect(textOf(value)).toContain(url);
  expect(textOf(value)).not.toMatch(/robot|hunter/);
}

describe('the name of an image', () => {
  it.each([
    ['ubuntu-24.04', 'ubuntu-24.04'],
    ['Debian 12? (daily)', '"Debian 12? (daily)"'],
    [image_id, shown],
    [` ${image_id}`, shown],
    ['oci://registry.example.org/a@sha256:00', 'oci://registry.example.org/a@sha256:00'],
    ['oci://registry.example.org:5000/a@sha256:00', 'oci://registry.example.org:5000/a@sha256:00'],
    ['https://robot:hunt/er#2@img.example.org/u.qcow2', 'https://***@img.example.org/u.qcow2'],
    ['https://robot:hunt er?2@img.example.org/u.qcow2', 'https://***@img.example.org/u.qcow2'],
  ])('%s is shown as %s', (ref, words) => {
    expect(namedImage(ref)).toBe(words);
  });

  it('stays the same when its credentials are removed twice', () => {
    expect(withoutCredentials(shown)).toBe(shown);
  });
});

describe('credentials in the URL of an image', () => {
  it('reach Ironic in image_source, and appear nowhere else on the server', async () => {
    const { bareMetal } = await deployed();
    expect(bareMetal.instanceInfo(uuid(1))).toEqual({ image_source: image_id });
    expectSecrecy(bareMetal.servers.get(uuid(1))?.entry);
  });

  it('appear in no answer about its deployment', async () => {
    const { answer, status, provision, consent } = await deployed({}, 'job-1');
    expectSecrecy(answer);
    expectSecrecy(await status());
    expectSecrecy(await provision({ ...byName, idempotency_key: 'job-1' }));
    expectSecrecy(await consent());
  });

  it('distinguish one request with a key from another', async () => {
    const { bareMetal, failure } = await deployed({}, 'job-1');
    const request: ProvisionRequest = { ...byName, idempotency_key: 'job-1' };
    const other = { ...request, image_id: image_id.replace('hunter3', 'another') };
    const entry = bareMetal.servers.get(uuid(1))?.entry ?? null;
    expect([isSameRequest(request, entry), isSameRequest(other, entry)]).toEqual([true, false]);
    const conflict = await failure(other);
    expect(conflict.code).toBe('idempotency_conflict');
    expectSecrecy(conflict);
  });

  it('appear in no failure of other callers who want the same server', async () => {
    expectSecrecy(await (await deployed()).failure({ server_id: 'bm-1' }));
  });

  it('appear in no answer and no failure if they stand on the server in clear', async () => {
    const image = { started_at: '2026-11-22T07:30:00Z', image: image_id, digest: 'd' };
    const { status, consent, failure } = await deployed({ entry: image }, 'job-1');
    expectSecrecy(await status());
    expectSecrecy(await consent());
    expectSecrecy(await failure({ server_id: 'bm-1' }));
    expectSecrecy(await failure({ ...byName, idempotency_key: 'job-1' }));
    const foreign = await deployed({ entry: null, imageSource: image_id });
    expectSecrecy(await foreign.status());
  });

  it('appear in no failure when two calls use one key for different requests at the same moment', async () => {
    const lab = setup({
      misbehave: ({ method }) => {
        const entry = { started_at: '2026-11-22T07:30:00Z', image: image_id, digest: 'd' };
        return method === 'deploy' ? () => lab.bareMetal.set(uuid(1), { entry }) : undefined;
      },
    });
    expectSecrecy(await lab.failure({ idempotency_key: 'job-1' }));
  });

  it.each<[string, string, SetupOptions]>([
    ['is not found', image_id.replace('https', 'gopher'), {}],
    ['fits no server', image_id.replace('u.qcow2', 'huge.qcow2'), {}],
    ['is not permitted', image_id, { policy: { images: ['debian-*'] } }],
  ])('appear in no failure when the image %s', async (_, ref, options) => {
    expectSecrecy(await setup(options).failure({ image_id: ref, server_id: 'bm-1' }), withoutCredentials(ref));
  });
});
