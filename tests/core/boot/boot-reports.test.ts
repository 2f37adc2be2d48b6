import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChanges } from '../../../src/core/async/changes.js';
import { peerOf } from '../../../src/core/boot/allowance.js';
import { type ArrivedReport, createBootReports } from '../../../src/core/boot/boot-reports.js';
import { bootStandingOf } from '../../../src/core/boot/boot-standing.js';
import { bootDigestOf } from '../../../src/core/boot/phone-home.js';
import type { Audit, AuditRecord } from '../../../src/core/ports.js';
import type { DeploymentEntry, Server } from '../../../src/core/server.js';
import { provisionStates } from '../../../src/core/states.js';
import {
  always,
  createFakeBareMetal,
  type FakeBareMetalOptions,
  freeServer,
  lostAnswer,
  lostRequest,
  refused,
  script,
  unsent,
  uuid,
} from '../fake-bare-metal.js';
import { createFakeClock, start } from '../fake-clock.js';
import { seededRandom } from '../setup.js';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM root@machine\n';
const fingerprint = 'SHA256:y7uTNMjnws1TsN2JhlIOWEjgMSkZUHxx3X8AYYolbkc';

const tokenOf = (number: number) => String(number).repeat(43).slice(0, 43);
const entryOf = (number: number): DeploymentEntry => ({
  started_at: '2026-11-22T07:00:00Z',
  image: 'ubuntu-24.04',
  digest: 'digest',
  expected: { digest: bootDigestOf(tokenOf(number)), seed: uuid(900) },
});

/** A server that is deployed and expects the report with `tokenOf(number)`. */
function deployed(number = 1, overrides: Partial<Server> = {}): Server {
  const carried = { deploymentId: uuid(500 + number), attemptId: uuid(600), entry: entryOf(number) };
  return freeServer(number, { provisionState: 'active', powerState: 'power on', ...carried, ...overrides });
}

const post = (number = 1, overrides: Partial<ArrivedReport> = {}): ArrivedReport => ({
  serverId: uuid(number),
  token: tokenOf(number),
  from: '10.0.0.7',
  peer: '10.0.0.7',
  keys: [key, 'N/A'],
  ...overrides,
});

interface LabOptions {
  readonly servers?: readonly Server[];
  readonly misbehave?: FakeBareMetalOptions['misbehave'];
  readonly audit?: Audit;
}

function lab({ servers = [deployed()], misbehave = () => undefined, audit }: LabOptions = {}) {
  const clock = createFakeClock();
  const bareMetal = createFakeBareMetal({ servers, clock, misbehave });
  const warnings: string[] = [];
  const changed: string[] = [];
  let onEnd: () => void = () => undefined;
  const reports = createBootReports({
    bareMetal,
    clock,
    audit,
    random: () => 0,
    changes: createChanges(),
    warn(message) {
      warnings.push(message);
      onEnd();
    },
    onChange(serverId) {
      changed.push(serverId);
      onEnd();
    },
  });
  return {
    bareMetal,
    clock,
    warnings,
    changed,
    reports,
    /** Takes a report, and resolves when its end is known. */
    arrive: (report = post()) =>
      new Promise<void>((resolve) => {
        onEnd = resolve;
        reports.take(report);
      }),
    server: (number = 1) => bareMetal.servers.get(uuid(number)) as Server,
  };
}

describe('a boot report', () => {
  it('is recorded with its time, the address of its sender and the fingerprints of the host keys', async () => {
    const { arrive, server, bareMetal, changed, warnings } = lab();
    await arrive();
    expect(server().entry).toEqual({
      ...entryOf(1),
      expected: undefined,
      booted: {
        at: '2026-11-22T08:00:00Z',
        since: '2026-11-22T07:00:00Z',
        from: '10.0.0.7',
        host_keys: [fingerprint],
      },
    });
    expect(bareMetal.requests).toEqual(['find bm-1', 'recordBoot bm-1', 'find bm-1']);
    expect(changed).toEqual([uuid(1)]);
    expect(warnings).toEqual([]);
  });

  it('has the time of its arrival, however long Ironic is down', async () => {
    const { arrive, server, clock } = lab({ misbehave: script({ find: Array(20).fill(unsent) }) });
    await arrive();
    expect(clock.now()).toBeGreaterThan(start + 60_000);
    expect(server().entry?.booted?.at).toBe('2026-11-22T08:00:00Z');
  });

  it.each([
    ['nobody knows the server', [], post()],
    ['the token is wrong', [deployed()], post(1, { token: tokenOf(2) })],
    ['the token belongs to another server', [deployed(1), deployed(2)], post(1, { token: tokenOf(2) })],
    ['the server is free', [freeServer(1)], post()],
    ['the server is undeployed', [deployed(1, { provisionState: 'deleting', deploymentId: null })], post()],
    ['the deployment has no entry of ours', [deployed(1, { entry: null })], post()],
  ] as const)('is refused without any change if %s', async (_, servers, report) => {
    const { arrive, bareMetal, warnings } = lab({ servers });
    const before = structuredClone([...bareMetal.servers]);
    await arrive(report);
    expect([...bareMetal.servers]).toEqual(before);
    expect(bareMetal.requests).toHaveLength(1);
    expect(warnings).toEqual([
      `A boot report for server ${uuid(1)} from 10.0.0.7 was refused: its token is not the one that this server expects.`,
    ]);
  });

  it('is refused for a failed deployment, in words of its own', async () => {
    const { arrive, bareMetal, warnings } = lab({ servers: [deployed(1, { provisionState: 'deploy failed' })] });
    await arrive();
    expect(bareMetal.requests).toHaveLength(1);
    expect(warnings).toEqual([expect.stringContaining('was refused: the deployment failed.')]);
  });

  it('is told as refused if the server was undeployed at the same moment', async () => {
    const { arrive, bareMetal, warnings, changed } = lab();
    const { recordBoot } = bareMetal;
    bareMetal.recordBoot = async (...args) => {
      await recordBoot(...args);
      bareMetal.set(uuid(1), { provisionState: 'available', deploymentId: null });
    };
    await arrive();
    expect(changed).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining('undeployed at the same moment')]);
  });

  it('that is recorded while the program stops counts as recorded', async () => {
    const { arrive, bareMetal, reports, warnings, changed } = lab();
    const { recordBoot } = bareMetal;
    bareMetal.recordBoot = async (...args) => {
      await recordBoot(...args);
      reports.stop();
    };
    await arrive();
    expect({ changed, warnings }).toEqual({ changed: [uuid(1)], warnings: [] });
  });

  it('is good once', async () => {
    const { arrive, server, warnings } = lab();
    await arrive();
    const { entry } = server();
    await arrive(post(1, { from: '10.6.6.6', keys: [] }));
    expect(server().entry).toEqual(entry);
    expect(warnings).toEqual([expect.stringContaining('from 10.6.6.6 was refused: this server has reported before.')]);
  });

  it.each([
    ['the deployment has not ended', { provisionState: 'deploying' }, { provisionState: 'active', lockedBy: null }],
    ['Ironic locks the server', { lockedBy: 'conductor' }, { lockedBy: null }],
    ['the system is in rescue mode', { provisionState: 'rescue' }, { provisionState: 'active', lockedBy: null }],
  ])('waits while %s', async (_, before, after) => {
    const { arrive, server, clock, bareMetal } = lab({ servers: [deployed(1, before)] });
    clock.meanwhile = (sleep) => {
      if (sleep === 10) bareMetal.set(uuid(1), after);
    };
    await arrive();
    expect(server().entry?.booted).toMatchObject({ host_keys: [fingerprint] });
    expect(bareMetal.requests.filter((request) => request === 'recordBoot bm-1')).toHaveLength(1);
  });

  it.each([
    ['is locked', script({ recordBoot: [refused('locked'), refused('locked')] })],
    ['loses the answer', script({ recordBoot: [lostAnswer] })],
    ['loses the request', script({ recordBoot: [lostRequest] })],
    ['is down right after it', script({ find: [null, unsent, unsent] })],
  ])('is recorded once if Ironic %s', async (_, misbehave) => {
    const { arrive, server, changed, warnings } = lab({ misbehave });
    await arrive();
    expect(server().entry?.booted).toMatchObject({ at: '2026-11-22T08:00:00Z' });
    expect({ changed, warnings }).toEqual({ changed: [uuid(1)], warnings: [] });
  });

  it('is sent again if Ironic says that it was recorded, and lost it', async () => {
    const { arrive, server, bareMetal, clock } = lab();
    const kept = entryOf(1);
    const { recordBoot } = bareMetal;
    let calls = 0;
    bareMetal.recordBoot = async (...args) => {
      await recordBoot(...args);
      calls += 1;
      if (calls === 1) bareMetal.set(uuid(1), { entry: kept });
    };
    await arrive();
    expect(server().entry?.booted).toBeDefined();
    expect(calls).toBe(2);
    expect(clock.sleeps).toHaveLength(1);
  });

  it('is given up after ten minutes, and the operator is told', async () => {
    const { arrive, server, clock, warnings } = lab({ servers: [deployed(1, { lockedBy: 'conductor' })] });
    await arrive();
    expect(server().entry?.booted).toBeUndefined();
    expect(clock.now()).toBeGreaterThanOrEqual(start + 600_000);
    expect(clock.now()).toBeLessThan(start + 630_000);
    expect(warnings).toEqual([
      `A boot report for server ${uuid(1)} from 10.0.0.7 could not be recorded: Ironic works on the server.`,
    ]);
  });

  it('is given up when the program stops, and the operator is told', async () => {
    const { arrive, clock, reports, warnings } = lab({ misbehave: script({ find: always(unsent).slice() }) });
    clock.meanwhile = (sleep) => {
      if (sleep === 3) reports.stop();
    };
    await arrive();
    expect(warnings).toEqual([expect.stringContaining('could not be recorded: Ironic gave no answer.')]);
  });

  it("never repeats Ironic's words, which may quote what is secret", async () => {
    const { arrive, warnings } = lab({
      misbehave: script({ recordBoot: [...always(refused('invalid', 'hush-hush'))] }),
    });
    await arrive();
    expect(warnings).toEqual([expect.stringContaining('could not be recorded: Ironic refused it (invalid).')]);
  });

  it('that comes twice at the same moment is one report', async () => {
    const { arrive, reports, bareMetal } = lab();
    reports.take(post());
    await arrive();
    expect(bareMetal.requests).toHaveLength(3);
  });

  it('is in the audit log before and after it is recorded', async () => {
    const records: AuditRecord[] = [];
    const push = async (record: AuditRecord) => void records.push(record);
    const { arrive } = lab({ audit: { begin: push, end: push } });
    await arrive();
    await arrive(post(1, { token: tokenOf(3) }));
    const begin = {
      id: records[0]?.id,
      face: 'boot_report',
      operation: 'boot_report',
      client: null,
      client_version: null,
      traceparent: null,
      arguments: { server_id: uuid(1), from: '10.0.0.7', host_keys: [fingerprint] },
      deployment_id: uuid(501),
    };
    expect(records).toEqual([begin, { ...begin, outcome: 'ok', status: null, operation_id: uuid(1), duration_ms: 0 }]);
  });

  it('is not recorded before the audit log can be written', async () => {
    let fails = 2;
    const begin = async () => {
      fails -= 1;
      if (fails >= 0) throw new Error('the file cannot be written (ENOSPC)');
    };
    const { arrive, bareMetal } = lab({ audit: { begin, end: async () => undefined } });
    await arrive();
    expect(bareMetal.requests).toEqual([...Array(3).fill('find bm-1'), 'recordBoot bm-1', 'find bm-1']);
  });
});

describe('reports', () => {
  it('are turned away from one peer after a hundred at once, and then five a second, with one line a minute', () => {
    const { reports, clock, warnings } = lab();
    const admitted = () => Array.from({ length: 1_000 }, () => reports.admits('10.6.6.6')).filter(Boolean).length;
    expect(admitted()).toBe(100);
    expect(reports.admits('10.0.0.7')).toBe(true);
    clock.pass(1_000);
    expect(admitted()).toBe(5);
    expect(warnings).toEqual(['Boot reports are turned away: too many come in, now from 10.6.6.6.']);
    clock.pass(60_000);
    expect(admitted()).toBe(100);
    expect(warnings).toHaveLength(2);
  });

  it('are turned away from all peers together after four hundred at once', () => {
    const { reports } = lab();
    const peers = Array.from({ length: 5_000 }, (_, number) => `10.0.${number >> 8}.${number & 255}`);
    expect(peers.filter((peer) => reports.admits(peer))).toHaveLength(400);
  });

  it('count for each IPv4 address by itself, in whichever form it is written', () => {
    const peers = ['::ffff:192.0.2.1', '::FFFF:c000:201', '192.0.2.1'].map(peerOf);
    expect(peers).toEqual(['192.0.2.1', '192.0.2.1', '192.0.2.1']);
    expect(peerOf('::ffff:198.51.100.9')).toBe('198.51.100.9');
    expect(peerOf('::1')).toBe('0/64');
  });

  it('are turned away from one IPv6 subnet as from one peer', () => {
    const { reports } = lab();
    const peers = Array.from({ length: 1_000 }, (_, number) => `2001:db8::${(number + 1).toString(16)}`);
    expect(peers.filter((peer) => reports.admits(peer))).toHaveLength(100);
    expect(reports.admits('2001:db8:0:1::1')).toBe(true);
  });

  it('are turned away from a peer of whom 250 wait, and from no other', () => {
    const { reports, clock } = lab({ misbehave: () => unsent });
    clock.sleep = () => new Promise(() => undefined);
    for (let number = 0; number < 250; number += 1) reports.take(post(number, { peer: '10.6.6.6' }));
    expect([reports.admits('10.6.6.6'), reports.admits('10.0.0.7')]).toEqual([false, true]);
  });

  it('whose token proves nothing are logged once a minute, with their number', async () => {
    const { arrive, clock, warnings, reports } = lab({ servers: [] });
    await arrive();
    for (let number = 2; number < 6; number += 1) reports.take(post(number));
    // All that these four wait for has happened.
    await new Promise(setImmediate);
    clock.pass(60_000);
    await arrive(post(6));
    expect(warnings).toHaveLength(2);
    expect(warnings[1]).toMatch(/was refused: .*\. So were 4 since the last such line\.$/);
  });

  it('are turned away while a thousand wait', async () => {
    const { reports, clock, warnings } = lab({ misbehave: () => unsent });
    clock.sleep = () => new Promise(() => undefined);
    for (let number = 0; number < 1_000; number += 1) reports.take(post(number, { peer: `10.1.0.${number % 250}` }));
    expect(reports.admits('10.0.0.7')).toBe(false);
    expect(warnings).toHaveLength(1);
  });

  it('change nothing but the entry of the deployment that expects them, whatever comes in and whatever goes wrong', async () => {
    const mishaps = [unsent, lostRequest, lostAnswer, refused('locked'), refused('taken'), refused('invalid')];
    const states = fc.constantFrom(...provisionStates, 'active', 'active', 'active', 'made up');
    const worlds = fc.array(fc.record({ provisionState: states, ours: fc.boolean(), expects: fc.boolean() }), {
      minLength: 1,
      maxLength: 4,
    });
    const number = fc.integer({ min: 1, max: 5 });
    const posts = fc.array(fc.record({ server: number, token: number, text: fc.string() }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(worlds, posts, fc.integer(), async (world, arriving, seed) => {
        const servers = world.map(({ provisionState, ours, expects }, index) => {
          const { expected, ...rest } = entryOf(index + 1);
          const entry = ours ? { ...rest, ...(expects ? { expected } : {}) } : null;
          return deployed(index + 1, { provisionState, entry });
        });
        const random = seededRandom(seed);
        const misbehave = () => (random() < 0.3 ? mishaps[Math.floor(random() * mishaps.length)] : undefined);
        const { arrive, bareMetal, clock } = lab({ servers, misbehave });
        for (const { server, token, text } of arriving) {
          // Otherwise the log would not tell the end of every report.
          clock.pass(60_000);
          await arrive(post(server, { token: tokenOf(token), keys: [key, text], from: '10.0.0.7' }));
        }
        for (const [index, before] of servers.entries()) {
          const now = bareMetal.servers.get(before.id);
          const number = index + 1;
          const right = arriving.some(({ server, token }) => server === number && token === number);
          if (now?.entry?.booted === undefined) expect(now).toEqual(before);
          else {
            expect({ right, state: before.provisionState }).toEqual({ right: true, state: 'active' });
            const { booted, ...entry } = now.entry;
            expect(booted).toMatchObject({ from: '10.0.0.7', host_keys: [fingerprint] });
            expect({ ...now, entry }).toEqual({ ...before, entry: { ...before.entry, expected: undefined } });
          }
        }
      }),
    );
  });
});

describe('what is known about the boot', () => {
  const booted = { at: '2026-11-22T08:00:00Z', since: '2026-11-22T07:00:00Z', from: null, host_keys: [fingerprint] };
  const { expected, ...entry } = entryOf(1);
  const reported = { ...entry, booted };

  it.each([
    ['unknown', 'no report was asked for', { entry }],
    ['unknown', 'the deployment is not ours', { entry: null }],
    ['unknown', 'the deployment failed', { provisionState: 'deploy failed' }],
    ['unknown', 'the server was rebuilt since', { entry: reported, provisionedAt: Date.UTC(2026, 10, 22, 9) }],
    ['unknown', 'the server is being rebuilt', { entry: reported, provisionState: 'deploying', provisionedAt: start }],
    ['waiting', 'the deployment has not ended', { provisionState: 'deploying' }],
    ['waiting', 'none came yet', {}],
    ['reported', 'one came', { entry: reported }],
  ])('is %s if %s', (boot, _, overrides) => {
    expect(bootStandingOf(deployed(1, overrides))).toMatchObject({
      boot,
      booted_at: boot === 'reported' ? booted.at : null,
      host_keys: boot === 'reported' ? [fingerprint] : [],
    });
  });
});
