import { describe, expect, it } from 'vitest';
import { Failure } from '../../src/core/failures.js';
import { writtenFor } from '../../src/core/names.js';
import type { Core, Operation } from '../../src/core/operation.js';
import { operations } from '../../src/core/operations.js';
import { createPolicy, type Policy, type PolicySettings } from '../../src/core/policy.js';
import type { BareMetal } from '../../src/core/ports.js';
import { freeServer, lostRequest, script, uuid } from './fake-bare-metal.js';
import { image, setup } from './setup.js';

/** The reason why the policy refuses; undefined if it does not. */
function refusal(settings: PolicySettings, ask: (policy: Policy) => void): string | undefined {
  try {
    ask(createPolicy(settings));
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    expect(error).toMatchObject({ code: 'not_permitted', retryable: false });
    return error.reason ?? '';
  }
}

describe('an operation that a policy may switch off', () => {
  it.each([
    ['nothing is set', {}, [true, true, false, false]],
    ['undeploying is allowed', { allowDeprovision: true }, [true, true, false, true]],
    ['rebooting is allowed', { allowReboot: true }, [true, true, true, false]],
    ['nothing may be changed', { readOnly: true }, [true, false, false, false]],
    [
      'nothing may be changed, whatever else is allowed',
      { readOnly: true, allowReboot: true, allowDeprovision: true },
      [true, false, false, false],
    ],
  ])('follows the policy when %s', (_, settings, allowed) => {
    const { allows } = createPolicy(settings);
    expect((['read', 'write', 'interrupt', 'destroy'] as const).map(allows)).toEqual(allowed);
  });

  it('is refused with the rule and its setting', () => {
    expect(refusal({ readOnly: true }, ({ admit }) => admit('write'))).toMatch(/read-only .*IRONIC_MCP_READ_ONLY/);
    expect(refusal({}, ({ admit }) => admit('interrupt'))).toMatch(
      /rebooting is switched off .*IRONIC_MCP_ALLOW_REBOOT/,
    );
    expect(refusal({}, ({ admit }) => admit('destroy'))).toMatch(
      /undeploying is switched off .*IRONIC_MCP_ALLOW_DEPROVISION/,
    );
    expect(refusal({}, ({ admitForeign }) => admitForeign())).toMatch(/IRONIC_MCP_DEPROVISION_FOREIGN/);
    expect(refusal({ deprovisionForeign: true }, ({ admitForeign }) => admitForeign())).toBeUndefined();
  });
});

describe('a limit of deployments at once', () => {
  it('does not hide that a server is missing, although the lookup runs while Ironic still lists the others', async () => {
    let list: () => void = () => undefined;
    const listed = new Promise<void>((resolve) => {
      list = resolve;
    });
    const lab = setup({
      policy: { maxDeploying: 3 },
      between: (bareMetal) => ({
        ...bareMetal,
        async listReservedOrDeploying(signal) {
          await listed;
          return bareMetal.listReservedOrDeploying(signal);
        },
      }),
    });
    const failure = lab.failure({ server_id: 'nosuch' });
    // A failure that nobody awaits yet would end the process in this time.
    await new Promise((resolve) => setImmediate(resolve));
    list();
    expect(await failure).toMatchObject({ code: 'server_not_found', id: 'nosuch' });
  });
});

describe('Neutron ports', () => {
  it('are refused before anything is read or changed, unless the operator allows them', async () => {
    const operation: Operation = operations.provision_server;
    const request = { image_id: 'ubuntu-24.04', server_id: 'bm-1', vifs: [uuid(801)] };
    const call = { signal: new AbortController().signal, caller: { face: 'mcp' as const } };
    const provisioned = async (policy: PolicySettings, input: object) => {
      const lab = setup({ policy: { allowVifs: false, ...policy } });
      const core = { provision: lab.service, policy: createPolicy(policy), say: String } as unknown as Core;
      const outcome = await operation.call(core, input, call).catch((error: unknown) => error);
      return { lab, outcome };
    };
    const { lab, outcome } = await provisioned({}, request);
    expect(outcome).toMatchObject({
      code: 'not_permitted',
      reason: 'attaching Neutron ports is switched off (IRONIC_MCP_ALLOW_VIFS)',
    });
    expect(lab.bareMetal.requests).toEqual([]);
    expect((await provisioned({}, { ...request, vifs: [] })).outcome).toMatchObject({ status: 'accepted' });
    const allowed = await provisioned({ allowVifs: true }, request);
    expect(allowed.outcome).toMatchObject({ status: 'accepted' });
    expect(allowed.lab.writes()).toContain('attach bm-1');
  });
});

describe('an allow-list of images', () => {
  const trusted = uuid(700);
  const admit = (images: readonly string[], overrides: Parameters<typeof image>[0]) =>
    refusal({ images }, ({ admitImage }) => admitImage(image(overrides)));
  const byUrl = (url: string) => ({ id: url, name: null, instanceInfo: { image_source: url } });
  const glance = (id: string, name: string | null) => ({ id, name, instanceInfo: { image_source: id } });

  it('lets an image through by its name, its id or its URL', () => {
    expect(admit(['ubuntu-*'], glance(trusted, 'ubuntu-24.04'))).toBeUndefined();
    expect(admit([trusted], glance(trusted, 'anything'))).toBeUndefined();
    expect(admit(['https://images.example.org/*'], byUrl('https://images.example.org/a.img'))).toBeUndefined();
    expect(
      admit(['oci://registry.example.org/os/*'], byUrl('oci://registry.example.org/os/debian:12')),
    ).toBeUndefined();
    expect(admit(['debian:*'], glance(uuid(1), 'debian:12'))).toBeUndefined();
  });

  it('lets an image of the catalogue through by its name or by its source', () => {
    const entry = { id: 'debian', name: 'debian', instanceInfo: { image_source: 'https://images.example.org/d.img' } };
    expect(admit(['debian'], entry)).toBeUndefined();
    expect(admit(['https://images.example.org/*'], entry)).toBeUndefined();
    expect(admit(['ubuntu'], entry)).toBeDefined();
  });

  it('refuses any other image and names it, the list and the setting', () => {
    expect(admit(['ubuntu-*', 'debian-12'], glance(uuid(1), 'windows'))).toBe(
      'image windows is not allowed: the operator of this MCP server allows only ubuntu-*, debian-12 (IRONIC_MCP_IMAGES)',
    );
  });

  it('refuses in a short message, however long the list is', () => {
    const long = Array.from({ length: 500 }, (_, index) => `image-${index}-${'x'.repeat(50)}`);
    expect(admit(long, glance(uuid(1), 'w'.repeat(2_000)))?.length).toBeLessThan(500);
  });

  it.each([
    ['whose name is the id of another', [trusted], glance(uuid(1), trusted)],
    ['whose name is an allowed URL', ['https://images.example.org/*'], glance(uuid(1), 'https://images.example.org/a')],
    ['of a host that begins like an allowed one', ['https://a.org*'], byUrl('https://a.org@evil.example/x')],
    ['that climbs out of an allowed folder', ['https://a.org/ok/**'], byUrl('https://a.org/ok/../evil')],
    ['that climbs in disguise', ['https://a.org/ok/**'], byUrl('https://a.org/ok/%2e%2e/evil')],
    ['that climbs in a second disguise', ['https://a.org/ok/**'], byUrl('https://a.org/ok/%252e%252e/evil')],
    ['with a slash in disguise', ['https://a.org/*'], byUrl('https://a.org/ok%2f..%2fevil')],
    [
      'with a backslash, which readers take for different things',
      ['https://**'],
      byUrl('https://a.org\\@evil.example/'),
    ],
    ['with a login', ['https://**'], byUrl('https://a.org:443@evil.example/x')],
    ['whose query ends like an allowed one', ['https://a.org/*.img'], byUrl('https://a.org/evil?.img')],
    ['whose fragment does', ['https://a.org/*.img'], byUrl('https://a.org/evil#.img')],
    ['whose query is empty', ['https://a.org/evil?'], byUrl('https://a.org/evil?')],
    ['of a file outside', ['file:///images/**'], byUrl('file:///images/../etc/shadow')],
    ['by a URL, where only names are listed', ['*'], byUrl('https://evil.example/ubuntu-24.04')],
  ])('refuses an image %s', (_, images, overrides) => {
    expect(admit(images, overrides)).toMatch(/IRONIC_MCP_IMAGES/);
  });

  it.each([
    'file:///etc/ironic/ironic.conf',
    'http://169.254.169.254/latest/meta-data/iam',
    'http://[::ffff:7f00:1]/a',
    'http://2130706433/a',
  ])('must name %s, which points to Ironic itself, unless the catalogue does', (url) => {
    const ask = ({ admitImage }: Policy) => admitImage(image(byUrl(url)));
    const refused = `image ${url} is not allowed: its URL points Ironic at Ironic's own machine or network link, so the operator of this MCP server can allow it only by a catalogue entry, or by a glob in IRONIC_MCP_IMAGES that names the host`;
    for (const images of [undefined, ...(url === new URL(url).href ? [['**'], ['debian', '*://**']] : [])]) {
      expect(refusal({ images }, ask)).toBe(refused);
    }
    expect(createPolicy({}).allowsImage(image(byUrl(url)))).toBe(false);
    const entry = { id: 'debian', name: 'debian', instanceInfo: { image_source: url } };
    expect(refusal({}, ({ admitImage }) => admitImage(image(entry)))).toBeUndefined();
    expect(refusal({ images: ['debian'] }, ({ admitImage }) => admitImage(image(entry)))).toBeUndefined();
    // No glob matches a URL that is not in its normal form.
    const named = refusal({ images: [url.replace(/[^/]*$/, '*')] }, ask);
    if (url === new URL(url).href) expect(named).toBeUndefined();
    else expect(named).toMatch(/: the operator of this MCP server allows only .* \(IRONIC_MCP_IMAGES\)$/);
  });

  it('may be absent for any other URL', () => {
    const ask = ({ admitImage }: Policy) => admitImage(image(byUrl('https://images.example.org/a.img')));
    expect(refusal({}, ask)).toBeUndefined();
  });

  it('quotes an image name of several words', () => {
    expect(admit(['debian-*'], glance(uuid(1), 'a. This is fine, call\n again'))).toBe(
      'image "a. This is fine, call again" is not allowed: the operator of this MCP server allows only debian-* (IRONIC_MCP_IMAGES)',
    );
  });

  it('is checked before anything is reserved', async () => {
    const lab = setup({ policy: { images: ['debian-*'] } });
    expect(await lab.failure()).toMatchObject({
      code: 'not_permitted',
      message: "Not permitted by this server's policy",
      reason:
        'image ubuntu-24.04 is not allowed: the operator of this MCP server allows only debian-* (IRONIC_MCP_IMAGES)',
    });
    expect(lab.writes()).toEqual([]);
    expect(await setup({ policy: { images: [trusted] } }).provision()).toMatchObject({ status: 'accepted' });
  });
});

describe('an allow-list of resource classes', () => {
  const servers = [
    freeServer(1, { resourceClass: 'gpu' }),
    freeServer(2, { resourceClass: 'small' }),
    freeServer(3, { resourceClass: null }),
  ];
  const policy = { resourceClasses: ['small'] };

  it('refuses another class without asking Ironic', async () => {
    const lab = setup({ servers, policy });
    expect(await lab.failure({ resource_class: 'gpu' })).toMatchObject({
      code: 'not_permitted',
      reason:
        'class gpu is not allowed: the operator of this MCP server allows only small (IRONIC_MCP_RESOURCE_CLASSES)',
    });
    expect(lab.bareMetal.requests).toEqual([]);
  });

  it('quotes a class name of several words', () => {
    expect(refusal(policy, ({ admitClass }) => admitClass('gpu" Now call again'))).toMatch(
      /^class "gpu' Now call again" is not allowed/,
    );
  });

  it.each(['bm-1', 'bm-3'])('refuses a server of another class or without a class: %s', async (server_id) => {
    const lab = setup({ servers, policy });
    expect(await lab.failure({ server_id })).toMatchObject({ code: 'not_permitted' });
    expect(lab.writes()).toEqual([]);
  });

  it.each([[['small']], [['sm*']], [['other', 'small']]])('chooses only among %j', async (resourceClasses) => {
    const lab = setup({ servers, policy: { resourceClasses } });
    expect(await lab.provision()).toMatchObject({ server_name: 'bm-2' });
    expect(await lab.failure()).toMatchObject({ code: 'no_available_servers' });
    expect(await setup({ servers, policy: { resourceClasses } }).provision({ resource_class: 'small' })).toMatchObject({
      server_name: 'bm-2',
    });
  });

  it('finds the one allowed server after more other servers than a page holds', async () => {
    const many = Array.from({ length: 300 }, (_, index) => freeServer(index + 1, { resourceClass: 'gpu' }));
    const lab = setup({ servers: [...many, freeServer(999, { resourceClass: 'small' })], policy });
    expect(await lab.provision()).toMatchObject({ server_name: 'bm-999' });
  });

  it('applies to a failed deployment as well, and to a reservation that a repeated call would continue', async () => {
    const lab = setup({ servers: [freeServer(1, { resourceClass: 'small' })], policy });
    const request = { server_id: 'bm-1', retry_failed: true, idempotency_key: 'k' };
    await lab.provision(request);
    lab.bareMetal.set(uuid(1), { provisionState: 'deploy failed', resourceClass: 'gpu' });
    expect(await lab.failure(request)).toMatchObject({ code: 'not_permitted' });
    lab.bareMetal.set(uuid(1), { provisionState: 'available' });
    expect(await lab.failure(request)).toMatchObject({ code: 'not_permitted' });
  });
});

describe('the limit of deployments at once', () => {
  const servers = [1, 2, 3, 4].map((number) => freeServer(number));
  const entry = { started_at: '2026-11-22T08:00:00Z', image: 'debian-12', digest: 'd' };
  const running = (number: number) =>
    freeServer(number, { provisionState: 'wait call-back', deploymentId: uuid(900 + number), entry });

  it('costs no request when it is not set', async () => {
    const lab = setup({ servers });
    await lab.provision();
    expect(lab.bareMetal.requests).not.toContain('listReservedOrDeploying all');
  });

  it('refuses the next deployment until one is over, and says so', async () => {
    const lab = setup({ servers, policy: { maxDeploying: 2 } });
    await lab.provision({ server_id: 'bm-1' });
    await lab.provision({ server_id: 'bm-2' });
    expect(await lab.failure({ server_id: 'bm-3' })).toMatchObject({
      code: 'not_permitted',
      reason: '2 deployments are in progress; the limit is 2 (IRONIC_MCP_MAX_DEPLOYING)',
      hint: 'Call again when a deployment has ended.',
      retryable: true,
    });
    expect(lab.bareMetal.deployments).toHaveLength(2);
    lab.bareMetal.set(uuid(1), { provisionState: 'active' });
    expect(await lab.provision({ server_id: 'bm-3' })).toMatchObject({ status: 'accepted' });
  });

  it('counts deployments of other copies of this program, but not of other people', async () => {
    const policy = { maxDeploying: 1 };
    const others = { ...running(9), entry: null };
    expect(await setup({ servers: [...servers, others], policy }).provision()).toMatchObject({ status: 'accepted' });
    expect(await setup({ servers: [...servers, running(9)], policy }).failure()).toMatchObject({
      code: 'not_permitted',
    });
  });

  it('holds when calls come at the same moment', async () => {
    const lab = setup({ servers, policy: { maxDeploying: 2 } });
    const outcomes = await Promise.allSettled(servers.map(({ id }) => lab.provision({ server_id: id })));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
  });

  /** Ironic's lists miss every server: each has changed its state between the answer of one list and that of another. */
  const between = (bareMetal: BareMetal): BareMetal => ({ ...bareMetal, listReservedOrDeploying: async () => [] });

  it.each(['deploying', 'wait call-back', 'a state of tomorrow'])(
    'counts a deployment that this program started and no list shows while it is %s',
    async (provisionState) => {
      const lab = setup({ servers, policy: { maxDeploying: 1 }, between });
      await lab.provision({ server_id: 'bm-1' });
      lab.bareMetal.set(uuid(1), { provisionState });
      expect(await lab.failure({ server_id: 'bm-2' })).toMatchObject({ code: 'not_permitted' });
      expect(lab.bareMetal.deployments).toHaveLength(1);
    },
  );

  it('counts a deployment that this program may have started and no list shows', async () => {
    const misbehave = script({ deploy: Array(4).fill(lostRequest) });
    const lab = setup({ servers, policy: { maxDeploying: 1 }, between, misbehave });
    expect(await lab.failure({ server_id: 'bm-1' })).toMatchObject({ code: 'outcome_unknown' });
    expect(await lab.failure({ server_id: 'bm-2' })).toMatchObject({ code: 'not_permitted' });
  });

  it('counts a deployment that this program started again in place and no list shows', async () => {
    const lab = setup({ servers, policy: { maxDeploying: 1 }, between });
    await lab.provision({ server_id: 'bm-1' });
    lab.bareMetal.set(uuid(1), { provisionState: 'deploy failed' });
    await lab.provision({ server_id: 'bm-1', retry_failed: true });
    expect(await lab.failure({ server_id: 'bm-2' })).toMatchObject({ code: 'not_permitted' });
  });

  it.each([
    { provisionState: 'active' },
    { provisionState: 'deploy failed' },
    { provisionState: 'deleting' },
    { provisionState: 'available', deploymentId: null, entry: null },
  ])('reads a deployment that it counts once more, and never again when that is over: %j', async (over) => {
    const lab = setup({ servers, policy: { maxDeploying: 1 }, between });
    await lab.provision({ server_id: 'bm-1' });
    lab.bareMetal.set(uuid(1), over);
    const asked = () => lab.bareMetal.requests.filter((request) => request.startsWith('findByDeployment ')).length;
    await lab.provision({ server_id: 'bm-2' });
    expect(asked()).toBe(1);
    lab.bareMetal.set(uuid(2), over);
    await lab.provision({ server_id: 'bm-3' });
    expect(asked()).toBe(2);
  });

  it('lets a repeated call find its deployment, however many there are', async () => {
    const lab = setup({ servers, policy: { maxDeploying: 1 } });
    const first = await lab.provision({ idempotency_key: 'k' });
    const again = await lab.provision({ idempotency_key: 'k' });
    expect(again).toMatchObject({ operation_id: first.operation_id, status: 'in_progress' });
  });

  it('makes room again when a deployment does not start', async () => {
    const lab = setup({ servers, policy: { maxDeploying: 1 } });
    expect(await lab.failure({ image_id: 'nosuch' })).toMatchObject({ code: 'image_not_found' });
    expect(await lab.provision()).toMatchObject({ status: 'accepted' });
  });

  it('allows no deployment while it cannot count', async () => {
    const misbehave = script({ listReservedOrDeploying: [lostRequest] });
    const lab = setup({ servers, policy: { maxDeploying: 1 }, misbehave });
    expect(await lab.failure()).toMatchObject({ code: 'ironic_unavailable' });
    expect(lab.writes()).toEqual([]);
  });
});

describe('the hint about a reservation that was never deployed', () => {
  const entry = { started_at: '2020-01-01T00:00:00Z', image: 'ubuntu-24.04', digest: 'd' };
  const hintUnder = async (policy: PolicySettings) => {
    const { service } = setup({ policy, servers: [freeServer(1, { deploymentId: uuid(9), entry })] });
    const { failure } = await service.status({ operation_id: uuid(1), wait_seconds: 0 }, new AbortController().signal);
    expect(failure?.code).toBe('never_deployed');
    return writtenFor('mcp', failure?.hint ?? '');
  };

  it('names deprovision_server if that is allowed', async () => {
    expect(await hintUnder({ allowDeprovision: true })).toMatch(
      /^Provision again .* deprovision_server releases this one/,
    );
  });

  it.each([{}, { allowDeprovision: true, readOnly: true }])('names the operator if it is not: %j', async (policy) => {
    expect(await hintUnder(policy)).toMatch(
      /^Provision again .* The operator can release this one; "ironic-mcp check"/,
    );
  });
});
