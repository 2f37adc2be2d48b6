import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDrawing, readListing, readStatus, uuid } from '../../src/board/answers.js';
import { failureIn } from '../../src/board/link.js';
import { clean, count, duration } from '../../src/board/words.js';
import { composeCore } from '../../src/compose.js';
import { readConfig } from '../../src/config/config.js';
import type { Drawing } from '../../src/core/call.js';
import { Failure } from '../../src/core/failures.js';
import { operations } from '../../src/core/operations.js';
import { failureText } from '../../src/mcp/server.js';

const call = { signal: new AbortController().signal, caller: { face: 'rest', name: undefined } } as const;

describe('what the page reads', () => {
  it('is in the answers of the program', async () => {
    const core = await composeCore(await readConfig({ IRONIC_MCP_SIM_SPEED: '10000' }, {}));
    const listing = readListing(await operations.list_servers.call(core, {}, call));
    expect(listing).toMatchObject({ nextCursor: null });
    expect(listing?.counts).toContainEqual({
      resourceClass: 'baremetal.small',
      counts: { available: 3, deploying: 0, in_use: 1, failed: 0, unusable: 0 },
    });
    const free = listing?.servers.find(({ name }) => name === 'rack1-small-01');
    expect(free).toMatchObject({ resourceClass: 'baremetal.small', state: 'available', cpus: 8, memoryGb: 16 });

    const networks = [{ address: '10.20.0.11/24' }];
    const input = { image_id: 'debian-12', server_id: 'rack1-small-01', networks };
    const started = readStatus(await operations.provision_server.call(core, input, call));
    expect(started).toMatchObject({ id: free?.id, server: 'rack1-small-01', status: 'accepted' });
    expect(started?.message).toMatch(/^Deployment of image debian-12/);
    const operation_id = free?.id ?? '';
    let drawn: Drawing | undefined;
    const draw = (drawing: Drawing) => {
      drawn = drawing;
    };
    let status = started;
    while (status?.status !== 'completed') {
      const wait = { operation_id, wait_seconds: 50 };
      status = readStatus(await operations.check_provision_status.call(core, wait, { ...call, draw }));
    }
    expect(status).toMatchObject({ state: 'active', percent: 100, addresses: [{ address: '10.20.0.11' }] });
    expect(readDrawing(drawn)?.steps.map(({ name, percent }) => [name, percent])).toEqual([
      ['deploy', 4],
      ['write_image', 40],
      ['prepare_instance_boot', 80],
      ['tear_down_agent', 93],
      ['switch_to_tenant_network', 97],
      ['boot_instance', 98],
    ]);
  });

  it('never throws, whatever a host may send', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        for (const read of [readListing, readStatus, readDrawing]) read(value);
        readListing({ servers: [value, { state: value, traits: [value] }], counts: [value] });
        const members = { failure: value, addresses: [value], started_at: value, host_keys: value, message: value };
        readStatus({ operation_id: '1a049bf3-8234-4c54-abc6-eeccc75cd2f7', status: 'failed', ...members });
        readDrawing({ steps: [value], current: value });
      }),
    );
  });

  it('is no deployment without an id, and no list without servers', () => {
    expect(readStatus({ operation_id: '../x', status: 'completed' })).toBeNull();
    expect(readListing({ message: 'x' })).toBeNull();
    expect(readDrawing(null)).toBeNull();
    expect([uuid('x'), uuid(7), uuid('1A049BF3-8234-4c54-abc6-eeccc75cd2f7')?.length]).toEqual([null, null, 36]);
  });
});

describe('a text', () => {
  it.each([
    ['web\u202egpj.exe', 'web\ufffdgpj.exe'],
    ['a\u0000b\u200bc\u2066d', 'a\ufffdb\ufffdc\ufffdd'],
    ['two\n lines\t', 'two lines'],
    ['\ud800', '\ufffd'],
  ])('shows what nobody can see: %j', (text, shown) => {
    expect(clean(text)).toBe(shown);
  });

  it('of 10 KB is cut', () => {
    expect(clean('x'.repeat(10_240)).length).toBe(401);
  });
});

describe('words', () => {
  it.each([
    [0, '0 s'],
    [59.6, '1 min 0 s'],
    [130, '2 min 10 s'],
    [3_900, '1 h 5 min'],
    [400_000, '4 days'],
    [-3, '0 s'],
  ])('for %d seconds are %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });

  it('count', () => {
    expect([count(1, 'server'), count(1_000, 'server')]).toEqual(['1 server', '1,000 servers']);
  });
});

describe('the text of a failed call', () => {
  it('has every part of the failure', () => {
    const failure = new Failure('server_not_available', { id: 'rack1', reason: 'it is in maintenance' });
    expect(failureIn(failureText(failure))).toMatchObject({
      message: 'Server rack1 is not available for provisioning',
      reason: 'it is in maintenance',
      hint: expect.stringMatching(/./),
      code: 'server_not_available',
      retryable: failure.retryable,
    });
    expect(failureIn('')).toMatchObject({ message: 'The call failed', reason: null, retryable: true });
  });
});
