import { describe, expect, it, vi } from 'vitest';
import { decide } from '../../src/core/deprovision/decision.js';
import { obstacleTo } from '../../src/core/inventory/eligibility.js';
import { availabilityOf } from '../../src/core/inventory/server-tally.js';
import { createPolicy } from '../../src/core/policy.js';
import { createDeployingLimit } from '../../src/core/provision/deploying-limit.js';
import { standing } from '../../src/core/provision/provision-response.js';
import type { StateMeaning } from '../../src/core/states.js';
import { statusOf } from '../../src/core/status/provision-status.js';
import { createStatusService } from '../../src/core/status/wait-for-change.js';
import { createIronic } from '../../src/openstack/ironic.js';
import { entryMember } from '../../src/openstack/node.js';
import { createService, fault, forever, httpTo, json, type Reply } from '../openstack/lab.js';
import { openPolicy } from '../support/open-policy.js';
import { createFakeBareMetal, freeServer, uuid } from './fake-bare-metal.js';
import { createFakeClock, start } from './fake-clock.js';
import { createTimeline } from './timeline.js';

/** A state in which a deployment moves on, and which no Ironic has. */
const { madeUp, row } = vi.hoisted(() => {
  const row: StateMeaning = {
    outcome: 'in_progress',
    words: 'having its firmware updated',
    cleaningWords: null,
    freeing: false,
    orderedWords: null,
    final: false,
    advancedBy: 'conductor',
    failed: null,
    undeployVerb: null,
    steps: 'deploy',
  };
  return { madeUp: 'updating firmware', row };
});

// The table is all that is changed.
vi.mock(import('../../src/core/states.js'), async (original) => {
  const states = await original();
  return { ...states, ...states.createStates({ ...states.stateTable, [madeUp]: row }) };
});

const service = createService('http://ironic.test');
const minutes = (count: number) => start + count * 60_000;
const entry = { started_at: '2026-11-22T08:00:00Z', image: 'ubuntu-24.04', digest: 'd' };
const changing = { provisionState: madeUp, deploymentId: uuid(9), entry, provisionedAt: start, lockedBy: 'conductor' };
const server = freeServer(1, changing);

/** As Ironic shows one of our deployments. */
function node(number: number, state: string) {
  const deploymentId = uuid(900 + number);
  return {
    uuid: uuid(number),
    name: `bm-${number}`,
    provision_state: state,
    provision_updated_at: '2026-11-22T08:00:00+00:00',
    instance_uuid: deploymentId,
    instance_info: { [entryMember]: { [deploymentId]: entry } },
    maintenance: false,
    deploy_step: { step: 'write_image' },
  };
}

/** An Ironic with 40 servers in the made-up state. */
const ironic: Reply = (request) => {
  const { pathname, searchParams } = new URL(request.url);
  const number = Number(/-0*(\d+)$/.exec(pathname)?.[1]);
  if (number) return json(node(number, madeUp))(request);
  const nodes = Array.from({ length: 40 }, (_, index) => node(index + 1, madeUp));
  return json({ nodes: searchParams.get('provision_state') === madeUp ? nodes : [] })(request);
};

function setup(reply: Reply) {
  service.replies(reply);
  const clock = createFakeClock();
  const bareMetal = createIronic({ http: httpTo(service.endpoint), clock, random: () => 0 });
  return {
    clock,
    bareMetal,
    status: createStatusService({ policy: openPolicy, bareMetal, clock, random: () => 0 }).status,
  };
}

const asked = (path: RegExp) => service.seen.filter((request) => path.test(request.path));
const listOfMadeUp = new RegExp(
  `/v1/nodes\\?provision_state=${encodeURIComponent(madeUp).replace('%20', '(%20|\\+)')}`,
);

describe('a state that stands only in the table of states', () => {
  it('is a deployment in progress', () => {
    expect(statusOf(server, start)).toMatchObject({
      status: 'in_progress',
      provision_state: madeUp,
      message:
        'Server bm-1 is having its firmware updated. Waiting for Ironic to check the image and the power, and to start the first step.',
      completed_at: null,
      poll_after_seconds: 5,
    });
    expect(standing(server, start).message).toBe(
      'This request was made before. Server bm-1 is having its firmware updated. Waiting for Ironic to check the image and the power, and to start the first step.',
    );
  });

  it('stalls by the clock of the actor that moves it on', () => {
    expect(statusOf(server, minutes(15)).message).not.toContain('stalled');
    expect(statusOf(server, minutes(16))).toMatchObject({
      message: expect.stringContaining('It seems stalled: Ironic has worked on this for 16 min'),
      poll_after_seconds: 60,
    });
  });

  it('is waited in, and its steps are reported', async () => {
    const clock = createTimeline();
    const step = { name: 'write_image', number: null, names: [] };
    const bareMetal = createFakeBareMetal({ servers: [{ ...server, step }], clock });
    const words: string[] = [];
    const answer = createStatusService({ policy: openPolicy, bareMetal, clock, random: () => 0.5 }).status(
      { operation_id: server.id, wait_seconds: 50 },
      forever,
      (progress) => {
        words.push(progress.words);
        if (words.length === 3) bareMetal.set(server.id, { provisionState: 'active' });
      },
    );
    expect(await clock.until(answer)).toMatchObject({ status: 'completed' });
    expect(words).toHaveLength(3);
    expect(words[0]).toMatch(/^Writing the image to the disk \(step: write_image\)/);
  });

  it('keeps its server from being deployed by others and from being undeployed', () => {
    expect(obstacleTo(server)).toMatch(/^its state is updating firmware; it was given image ubuntu-24.04 at 2026/);
    expect(availabilityOf(server, start, openPolicy)).toBe('deploying');
    const refusal = { reason: expect.stringMatching(/having its firmware updated; Ironic cannot stop a deployment/) };
    expect(() => decide(server, createPolicy({ allowDeprovision: true }), start)).toThrow(
      expect.objectContaining({ code: 'deprovision_refused', ...refusal, retryable: true }),
    );
  });

  describe('in an Ironic that knows it', () => {
    it('is read in lists when many deployments are read', async () => {
      const { status } = setup(ironic);
      const ids = Array.from({ length: 40 }, (_, index) => uuid(index + 1));
      const answers = await Promise.all(ids.map((id) => status({ operation_id: id, wait_seconds: 0 }, forever)));
      expect(answers.every((answer) => answer.provision_state === madeUp)).toBe(true);
      expect(asked(/\/v1\/nodes\/0/)).toHaveLength(16);
      expect(asked(listOfMadeUp)).toHaveLength(1);
    });

    it('counts towards the limit of deployments at once', async () => {
      const limit = createDeployingLimit(setup(ironic).bareMetal, 40);
      await expect(limit.run(uuid(1), forever, async () => ({ kind: 'elsewhere' }))).rejects.toMatchObject({
        code: 'not_permitted',
        reason: expect.stringMatching(/^40 deployments are in progress/),
      });
      expect(asked(listOfMadeUp)).toHaveLength(1);
    });
  });

  it('does not keep us from listing the other states in an Ironic that does not know it', async () => {
    const { bareMetal } = setup((request) => {
      const state = new URL(request.url).searchParams.get('provision_state') ?? '';
      const unknown = fault(400, `Provision state "${state}" is not valid`);
      return (state === madeUp ? unknown : json({ nodes: [node(1, state)] }))(request);
    });
    const states = async (list: 'listInDeployment' | 'listReservedOrDeploying') =>
      (await bareMetal[list](forever)).map(({ provisionState }) => provisionState);
    expect(await states('listInDeployment')).toEqual(['deploying', 'wait call-back']);
    expect(await states('listReservedOrDeploying')).toEqual([
      'available',
      'deploying',
      'wait call-back',
      'deploy hold',
    ]);
  });
});
