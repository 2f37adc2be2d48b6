import { describe, expect, expectTypeOf, it } from 'vitest';
import type * as z from 'zod';
import type { Call, Progress } from '../../src/core/call.js';
import { Failure } from '../../src/core/failures.js';
import { createImageService } from '../../src/core/inventory/image-list.js';
import { createServerService } from '../../src/core/inventory/server-service.js';
import { availabilities } from '../../src/core/inventory/server-tally.js';
import type { Core, Operation } from '../../src/core/operation.js';
import { allOperations, operations } from '../../src/core/operations.js';
import { createPolicy } from '../../src/core/policy.js';
import type { ProvisionResponse, StatusRequest } from '../../src/core/requests.js';
import type { StatusService } from '../../src/core/status/wait-for-change.js';
import { openPolicy } from '../support/open-policy.js';
import { uuid } from './fake-bare-metal.js';
import { failureOf, setup } from './setup.js';

const call: Call = { signal: new AbortController().signal, caller: { face: 'mcp' } };

const { provision_server: provision, check_provision_status: status } = operations;
/** The same operation as a face sees it, which passes on any input. */
const anyProvision: Operation = provision;

/** A core on bare metal in memory, of which parts may be replaced. */
function core(service: Partial<StatusService> = {}): Core & { readonly lab: ReturnType<typeof setup> } {
  const lab = setup();
  const offered = async () => ({ images: [], complete: true, anyUrl: true });
  const whole: Pick<Core, 'provision' | 'status' | 'servers' | 'images' | 'changes' | 'policy' | 'say'> = {
    servers: createServerService({ policy: openPolicy, bareMetal: lab.bareMetal, clock: lab.clock, random: () => 0 }),
    images: createImageService({ find: async () => null, list: offered }, openPolicy),
    provision: lab.service,
    status: { ...lab.service, ...service },
    changes: lab.changes,
    policy: createPolicy({}),
    say: (message) => `Simulated: ${message}`,
  };
  return { ...whole, lab } as Core & { readonly lab: ReturnType<typeof setup> };
}

describe('an operation', () => {
  it('returns what its output schema promises', async () => {
    const whole = core();
    const accepted = await provision.call(whole, { image_id: 'ubuntu-24.04', server_id: 'bm-1' }, call);
    expect(provision.output.safeParse(accepted).error).toBeUndefined();
    const now = await status.call(whole, { operation_id: accepted.operation_id }, call);
    expect(status.output.safeParse(now).error).toBeUndefined();
    expect(now).toMatchObject({ status: 'in_progress', server_name: 'bm-1' });
  });

  it.each<Operation>([operations.list_servers, operations.list_images])(
    'returns what its output schema promises: $name',
    async ({ call: list, output }) => {
      const listing = await list(core(), {}, call);
      expect(output.safeParse(listing).error).toBeUndefined();
      expect(listing.message).toMatch(/^Simulated: /);
      expect(await failureOf(list(core(), { limit: 0 }, call))).toMatchObject({ code: 'invalid_request' });
    },
  );

  it('returns a message that is written for the user', async () => {
    const accepted = await provision.call(core(), { image_id: 'ubuntu-24.04' }, call);
    expect(accepted.message).toMatch(/^Simulated: Deployment of image ubuntu-24\.04 on server bm-1 has started\./);
  });

  it('reports progress that is written for the user', async () => {
    const told: Progress[] = [];
    const reporting = core({
      async status(_request, _signal, report) {
        report?.({ percent: 40, words: 'write_image' });
        throw new Failure('ironic_unavailable');
      },
    });
    const report = (progress: Progress) => void told.push(progress);
    await failureOf(status.call(reporting, { operation_id: uuid(1) }, { ...call, report }));
    expect(told).toEqual([{ percent: 40, words: 'Simulated: write_image' }]);
  });

  it('has the types of its own input and output', () => {
    expectTypeOf(provision.call).returns.resolves.toEqualTypeOf<ProvisionResponse>();
    expectTypeOf(status.call).parameter(1).toEqualTypeOf<z.input<typeof StatusRequest>>();
    // @ts-expect-error The argument is called image_id.
    expectTypeOf(provision.call).parameter(1).toHaveProperty('imge_id');
  });

  it.each(['vifs', 'traits', 'ssh_public_keys'])('checks the length of %s before any member', (name) => {
    let looked = 0;
    const look = (target: number[], property: string | symbol) => {
      if (property === '0') looked += 1;
      return Reflect.get(target, property);
    };
    const members = new Proxy(Array(100_000).fill(0) as number[], { get: look });
    const { error } = provision.input.safeParse({ image_id: 'a', [name]: members });
    expect(error?.issues).toMatchObject([{ path: [name], message: expect.stringMatching(/^must be at most/) }]);
    expect(looked).toBe(0);
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'image_id: is missing'],
    ['no object', 'ubuntu-24.04', 'must be an object'],
    ['an unknown argument', { image_id: 'a', imageId: 'b' }, 'unknown argument "imageId"'],
    ['an unknown argument with a hostile name', { image_id: 'a', 'x" Ignore\n"': 1 }, `unknown argument "x' Ignore '"`],
    [
      'several problems',
      { image_id: '', server_id: 'a/b' },
      'image_id: must not be empty; server_id: must be the UUID or the name of a server (letters, digits, "-", ".", "_", "~")',
    ],
    [
      'a problem deep inside',
      { image_id: 'a', ssh_public_keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey', 'hunter2'] },
      'ssh_public_keys.1: must be one OpenSSH public key on one line, e.g. "ssh-ed25519 AAAA… name"',
    ],
  ])('refuses %s and says what is wrong', async (_, input, reason) => {
    const whole = core();
    expect(await failureOf(anyProvision.call(whole, input, call))).toMatchObject({ code: 'invalid_request', reason });
    expect(whole.lab.bareMetal.requests).toEqual([]);
  });

  it('names the values that an argument may have, and not the given one', async () => {
    const list: Operation = operations.list_servers;
    expect(await failureOf(list.call(core(), { state: 'hush-hush' }, call))).toMatchObject({
      code: 'invalid_request',
      reason: `state: must be one of ${availabilities.join(', ')}`,
    });
  });

  it('lists only a few of many problems', async () => {
    const flood = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`${index}${'x'.repeat(1_000)}`, 1]));
    const { reason } = await failureOf(anyProvision.call(core(), { image_id: 'a', ...flood }, call));
    expect(reason?.length).toBeLessThan(1_000);
    const keys = Array<string>(60).fill('hunter2');
    const other = await failureOf(provision.call(core(), { image_id: 'a', ssh_public_keys: keys }, call));
    expect(other.reason?.length).toBeLessThan(1_500);
    expect(other.reason).not.toContain('hunter2');
  });

  it('passes a failure on', async () => {
    const missing = { image_id: 'ubuntu-24.04', server_id: 'nosuch' };
    expect(await failureOf(provision.call(core(), missing, call))).toMatchObject({ code: 'server_not_found' });
    expect(await failureOf(status.call(core(), { operation_id: uuid(1) }, call))).toMatchObject({
      code: 'operation_not_found',
    });
  });

  it('hides a defect behind an internal error, which says nothing about it', async () => {
    const cause = new TypeError('undefined is not a function at code.js:7');
    const failure = await failureOf(
      status.call(core({ status: () => Promise.reject(cause) }), { operation_id: uuid(1) }, call),
    );
    expect(failure).toMatchObject({ code: 'internal', message: 'Internal error', reason: null, cause });
  });

  it("ends with the caller's own reason", async () => {
    const reason = new Error('the caller left');
    const left: Call = { ...call, signal: AbortSignal.abort(reason) };
    await expect(status.call(core(), { operation_id: uuid(1) }, left)).rejects.toBe(reason);
  });
});

describe('the table of operations', () => {
  it.each(allOperations)('describes $name for every face', ({ name, title, description, route, input, output }) => {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)+$/);
    expect(title).toMatch(/^[A-Z]/);
    expect(description).toMatch(/\.$/);
    expect(route.path).toMatch(/^(\/([a-z_]+|\{[a-z_]+\}))+$/);
    expect([200, 202]).toContain(route.status);
    expect(input.safeParse({ 'no such argument': 1 }).success).toBe(false);
    expect(output.safeParse({}).success).toBe(false);
  });

  it('lists each under its name, and no two with the same route', () => {
    expect(allOperations.map(({ name }) => name)).toEqual(Object.keys(operations));
    expect(new Set(allOperations.map(({ route }) => `${route.method} ${route.path}`)).size).toBe(allOperations.length);
  });

  it('gives each one an example that its input accepts', () => {
    for (const { name, input, example } of allOperations) expect(input.safeParse(example).success, name).toBe(true);
  });

  it('marks as idempotent or as a read only what is', () => {
    for (const { effect, route, idempotent } of allOperations) {
      expect(route.method === 'GET').toBe(effect === 'read');
      if (effect === 'read') expect(idempotent).toBe(true);
    }
  });
});
