import { describe, expect, it } from 'vitest';
import { createDeprovisionService } from '../../../src/core/deprovision/deprovision.js';
import { op } from '../../../src/core/names.js';
import type { NetworkPort, NetworkService } from '../../../src/core/network-service.js';
import { descriptionOf } from '../../../src/core/networks/own-ports.js';
import { createPolicy, type PolicySettings } from '../../../src/core/policy.js';
import { NoAnswer } from '../../../src/core/ports.js';
import type { DeprovisionRequest } from '../../../src/core/requests.js';
import type { Server } from '../../../src/core/server.js';
import { provisionStates } from '../../../src/core/states.js';
import {
  always,
  freeServer,
  lostAnswer,
  lostRequest,
  type Mishap,
  refused,
  type script,
  unsent,
  uuid,
} from '../fake-bare-metal.js';
import { start } from '../fake-clock.js';
import { fakeNetworks, freePort } from '../networks/fake-networks.js';
import { changeSetup, deployedServer as deployed, deploymentId, entry, failureOf } from '../setup.js';

const forever = new AbortController().signal;
const id = uuid(1);

interface Options {
  readonly policy?: PolicySettings;
  readonly mishaps?: Parameters<typeof script>[0];
  readonly others?: readonly Server[];
  readonly networks?: NetworkService;
}

function setup(server: Server | undefined = deployed(), { policy, mishaps = {}, others = [], networks }: Options = {}) {
  const { bareMetal, clock, changed, options } = changeSetup(server ? [server, ...others] : others, mishaps);
  const service = createDeprovisionService({
    ...options,
    networks,
    policy: createPolicy({ allowDeprovision: true, ...policy }),
  });
  const request = (overrides: Partial<DeprovisionRequest> = {}): DeprovisionRequest => ({
    operation_id: id,
    confirm_server_name: 'bm-1',
    ...overrides,
  });
  return {
    bareMetal,
    clock,
    changed,
    consent: (overrides?: Partial<DeprovisionRequest>) => service.consent(request(overrides), forever),
    deprovision: (overrides?: Partial<DeprovisionRequest>, signal = forever) =>
      service.deprovision(request(overrides), signal),
    deprovisionWith: (agreed: string | null | undefined) => service.deprovision(request(), forever, agreed),
    deprovisionAsAgreed: (agreed: string | null) => service.deprovision(request(), forever, agreed ?? undefined),
  };
}

describe('a deployment of ours', () => {
  it('takes two requests to undeploy, and the answer says whether the disk is cleaned', async () => {
    const { deprovision, bareMetal, changed } = setup();
    expect(await deprovision()).toEqual({
      operation_id: id,
      server_id: id,
      server_name: 'bm-1',
      status: 'accepted',
      message: `Undeployment of server bm-1 has started. Ironic then cleans the disk if the operator has set up cleaning. Call ${op('deprovision')} again to see the progress; ${op('servers')} shows when the server is available.`,
      deployment_id: deploymentId,
    });
    expect(bareMetal.requests).toEqual(['find bm-1', 'undeploy bm-1']);
    expect(bareMetal.undeployments).toEqual([{ serverId: id, deploymentId }]);
    expect(changed).toEqual([id]);
  });

  it.each([
    [true, 'Ironic then cleans the disk.'],
    [false, 'Ironic does not clean the disk: cleaning is switched off for this server.'],
  ])(
    'gets an answer that says whether Ironic cleans the disk, with automated_clean %s',
    async (automatedClean, words) => {
      expect((await setup(deployed({ automatedClean })).deprovision()).message).toContain(` ${words} `);
    },
  );

  it.each(['active', 'deploy failed', 'wait call-back'])('is undeployed in the state %s', async (state) => {
    const { deprovision, bareMetal } = setup(deployed({ provisionState: state }));
    expect(await deprovision({ deployment_id: deploymentId })).toMatchObject({ status: 'accepted' });
    expect(bareMetal.undeployments).toHaveLength(1);
  });

  it('is undeployed from a server without a name if the caller confirms the UUID', async () => {
    const { deprovision } = setup(deployed({ name: null }));
    expect(await failureOf(deprovision())).toMatchObject({ code: 'not_confirmed' });
    expect(await deprovision({ confirm_server_name: id })).toMatchObject({ status: 'accepted', server_name: null });
  });
});

describe('a deployment with a host name', () => {
  const web = { entry: { ...entry, hostname: 'web-1.test' } };

  it('is undeployed if the caller confirms the host name, in any case', async () => {
    const { deprovision } = setup(deployed(web));
    expect((await deprovision({ confirm_server_name: 'WEB-1.test' })).message).toMatch(
      /^Undeployment of server bm-1 \(host name web-1\.test\) has started\./,
    );
    expect(await failureOf(setup(deployed(web)).deprovision({ confirm_server_name: 'web-1' }))).toMatchObject({
      code: 'not_confirmed',
    });
  });

  it.each([
    ['cleaning', 'in_progress', 'Server bm-1 is being cleaned'],
    ['available', 'completed', 'Server bm-1 is free'],
  ])('can be followed to its end by a repeated call, in the state %s', async (provisionState, status, words) => {
    const { deprovision } = setup(freeServer(1, { provisionState }));
    const answer = await deprovision({ confirm_server_name: 'web-1.test' });
    expect(answer).toMatchObject({ status, message: expect.stringContaining(words) });
    expect(answer.message).toContain('no longer shows its host name. No other server is named web-1.test.');
  });

  const another = (overrides: Partial<Server>) =>
    freeServer(2, { provisionState: 'active', deploymentId: uuid(902), ...overrides });

  it.each<[what: string, other: Server, state: string]>([
    ['a deployed server is not confirmed if another deployment has it too', another(web), 'active'],
    ['a failed one is not confirmed if the next try has it', another(web), 'deploy failed'],
    ['a deployed server is not confirmed if another server is called so', another({ name: 'web-1.test' }), 'active'],
  ])('%s', async (_, other, provisionState) => {
    const server = deployed({ ...web, provisionState });
    const { deprovision, consent, bareMetal } = setup(server, { others: [other] });
    for (const attempt of [deprovision, consent]) {
      const failure = await failureOf(attempt({ confirm_server_name: 'WEB-1.test' }));
      expect(failure).toMatchObject({
        code: 'not_confirmed',
        reason: 'another server has confirm_server_name as its name or host name',
      });
      expect(JSON.stringify([failure.reason, failure.hint])).not.toMatch(/bm-|web-1/);
    }
    expect(bareMetal.undeployments).toEqual([]);
    expect(await deprovision({ confirm_server_name: 'bm-1' })).toMatchObject({ status: 'accepted' });
  });

  it.each(['cleaning', 'available'])('of another server does not confirm a server that is %s', async (state) => {
    const { deprovision } = setup(freeServer(1, { provisionState: state }), { others: [another(web)] });
    expect(await failureOf(deprovision({ confirm_server_name: 'web-1.test' }))).toMatchObject({
      code: 'not_confirmed',
    });
  });

  it('does not confirm it if there are more servers than one call reads', async () => {
    const { deprovision, bareMetal } = setup(deployed(web), {
      others: Array.from({ length: 20 }, (_, index) => freeServer(index + 2)),
    });
    expect(await failureOf(deprovision({ confirm_server_name: 'web-1.test' }))).toMatchObject({
      code: 'not_confirmed',
      reason: 'only 20 servers were searched for others with that host name',
    });
    expect(bareMetal.undeployments).toEqual([]);
  });

  it('is forgotten when somebody deploys on the server anew: a repeated call hears that its deployment is gone', async () => {
    const { deprovision, consent, bareMetal } = setup(deployed(web));
    for (const attempt of [deprovision, consent]) {
      const failure = await failureOf(attempt({ confirm_server_name: 'web-0.test', deployment_id: uuid(7) }));
      expect(failure).toMatchObject({ code: 'operation_not_found', reason: 'it now carries another deployment' });
    }
    expect(bareMetal.undeployments).toEqual([]);
  });

  it('is named by it in the question to the user and in every refusal', async () => {
    expect(await setup(deployed(web)).consent()).toMatch(/^Undeploy server bm-1 \(host name web-1\.test\) \(/);
    for (const obstacle of [{ isProtected: true }, { allocated: true }, { provisionState: 'error' }]) {
      const { reason } = await failureOf(setup(deployed({ ...web, ...obstacle })).deprovision());
      expect(reason).toMatch(/; its host name is web-1\.test/);
    }
    const anew = setup(deployed(web)).deprovision({ deployment_id: uuid(7) });
    expect((await failureOf(anew)).reason).toContain('its host name is web-1.test');
  });
});

describe('a caller who does not name the server', () => {
  it.each(['bm-2', 'BM-1', ' bm-1', 'bm-1 ', 'bm', id])(
    'but says %j is refused, and the answer does not name it',
    async (name) => {
      const { deprovision, consent, bareMetal } = setup();
      for (const attempt of [deprovision, consent]) {
        const failure = await failureOf(attempt({ confirm_server_name: name }));
        expect(failure).toMatchObject({ code: 'not_confirmed', message: 'Not confirmed' });
        expect(JSON.stringify([failure.message, failure.reason, failure.hint])).not.toContain('bm-1');
      }
      expect(bareMetal.undeployments).toEqual([]);
    },
  );

  it('is refused in every state of the server', async () => {
    for (const provisionState of provisionStates) {
      const { deprovision } = setup(deployed({ provisionState }));
      expect(await failureOf(deprovision({ confirm_server_name: 'bm-9' }))).toMatchObject({ code: 'not_confirmed' });
    }
  });
});

describe('deprovision_server refuses', () => {
  const allowed = { allowDeprovision: true, deprovisionForeign: true };

  it.each<[string, Partial<Server>, string, RegExp]>([
    ['of Metal3', { name: 'metal3~bm-1' }, 'not_permitted', /Metal3/],
    ['of an allocation', { allocated: true }, 'not_permitted', /allocation/],
    ['that is protected', { isProtected: true }, 'deprovision_refused', /protected/],
    ['in maintenance', { maintenance: true }, 'deprovision_refused', /maintenance/],
    ['in its rescue system', { provisionState: 'rescue' }, 'deprovision_refused', /its state is rescue: deployed, in/],
    ['being serviced', { provisionState: 'servicing' }, 'deprovision_refused', /its state is servicing/],
    ['that an operator holds', { provisionState: 'deploy hold' }, 'deprovision_refused', /its state is deploy hold/],
    [
      'in a state unknown here',
      { provisionState: 'pondering' },
      'deprovision_refused',
      /pondering: unknown to ironic-mcp/,
    ],
  ])('a server %s, whatever is set', async (_, overrides, code, reason) => {
    const server = deployed(overrides);
    const { deprovision, consent, bareMetal } = setup(server, { policy: allowed });
    const request = { confirm_server_name: server.name ?? '' };
    for (const attempt of [deprovision, consent]) {
      expect(await failureOf(attempt(request))).toMatchObject({ code, reason: expect.stringMatching(reason) });
    }
    expect(bareMetal.undeployments).toEqual([]);
  });

  it('a deployment of somebody else, unless the operator allows it', async () => {
    const foreign = deployed({ entry: null, attemptId: null });
    const { deprovision, bareMetal } = setup(foreign);
    expect(await failureOf(deprovision())).toMatchObject({
      code: 'not_permitted',
      reason: expect.stringContaining('IRONIC_MCP_DEPROVISION_FOREIGN'),
    });
    expect(bareMetal.undeployments).toEqual([]);
    expect(await setup(foreign, { policy: allowed }).deprovision()).toMatchObject({ status: 'accepted' });
  });

  it('a reservation of somebody else, whatever is set', async () => {
    const reserved = freeServer(1, { deploymentId });
    expect(await failureOf(setup(reserved, { policy: allowed }).deprovision())).toMatchObject({
      code: 'operation_not_found',
      reason: expect.stringContaining('reserved by somebody else'),
    });
  });

  it('a server that carries another deployment than the given one', async () => {
    const { deprovision, bareMetal } = setup();
    expect(await failureOf(deprovision({ deployment_id: uuid(7) }))).toMatchObject({
      code: 'operation_not_found',
      reason: `it now carries another deployment: ${deploymentId}`,
    });
    expect(bareMetal.undeployments).toEqual([]);
  });

  it.each(['active', 'deploy failed', 'wait call-back', 'rescue'])(
    'a server that carries a deployment without an id instead of the given one (%s)',
    async (provisionState) => {
      const { deprovision, consent, bareMetal } = setup(freeServer(1, { provisionState }), { policy: allowed });
      for (const attempt of [deprovision, consent]) {
        expect(await failureOf(attempt({ deployment_id: deploymentId }))).toMatchObject({
          code: 'operation_not_found',
          reason: 'it now carries another deployment: one without an id',
        });
      }
      expect(bareMetal.undeployments).toEqual([]);
    },
  );

  it('a server that does not exist', async () => {
    const { deprovision } = setup();
    expect(await failureOf(deprovision({ operation_id: uuid(2) }))).toMatchObject({ code: 'server_not_found' });
  });
});

describe('a server in "error"', () => {
  it('may be undeployed again by anybody once Ironic has forgotten its deployment, because its owner has given it up', async () => {
    for (const deployment_id of [undefined, deploymentId]) {
      const { deprovision } = setup(freeServer(1, { provisionState: 'error' }));
      expect(await deprovision({ deployment_id, retry_failed: true })).toMatchObject({
        status: 'accepted',
        deployment_id: null,
      });
    }
  });
});

describe('a deployment that Ironic has failed to undeploy', () => {
  const failing = deployed({ provisionState: 'error', lastError: 'Failed to tear down. Error: no power' });

  it('is not undeployed again by a repeated call, which says why it failed', async () => {
    const { deprovision, bareMetal } = setup(failing);
    bareMetal.record.set(id, [{ at: start, work: 'unprovision', words: 'Error: the power stayed on' }]);
    for (let call = 1; call <= 3; call += 1) {
      expect(await failureOf(deprovision())).toMatchObject({
        code: 'deprovision_refused',
        reason: 'its undeployment failed; Ironic says: "Error: the power stayed on"',
        hint: expect.stringMatching(/Then call deprovision_server again with retry_failed/),
        retryable: false,
      });
    }
    expect(bareMetal.undeployments).toEqual([]);
  });

  it('is explained by last_error if the node history cannot be read', async () => {
    const { deprovision } = setup(failing, { mishaps: { errors: [unsent] } });
    expect((await failureOf(deprovision())).reason).toContain('Failed to tear down');
  });

  it('is undeployed again with retry_failed', async () => {
    const { deprovision, bareMetal } = setup(failing);
    expect(await deprovision({ retry_failed: true })).toMatchObject({ status: 'accepted' });
    expect(bareMetal.undeployments).toHaveLength(1);
  });
});

describe('a reservation that was left behind', () => {
  const left = deployed({ provisionState: 'available' });

  it('does not cost the next deployment on its server any ports', async () => {
    const { deprovision, bareMetal } = setup(left, {
      mishaps: {
        find: [
          null,
          () => {
            bareMetal.set(id, { deploymentId: uuid(700), entry: null, attemptId: null, provisionState: 'active' });
            bareMetal.portsOf(id).add(uuid(801));
          },
        ],
      },
    });
    await deprovision();
    expect([...bareMetal.portsOf(id)]).toEqual([uuid(801)]);
    expect(bareMetal.servers.get(id)).toMatchObject({ deploymentId: uuid(700), provisionState: 'active' });
  });

  it('keeps its ports when another call continues it', async () => {
    const { deprovision, bareMetal } = setup(left, {
      mishaps: { find: [null, () => bareMetal.set(id, { attemptId: uuid(952) })] },
    });
    bareMetal.portsOf(id).add(uuid(801));
    expect(await failureOf(deprovision())).toMatchObject({
      code: 'deprovision_refused',
      reason: 'another call continues its deployment',
    });
    expect([...bareMetal.portsOf(id)]).toEqual([uuid(801)]);
  });

  it('is released although the server cannot be read afterwards', async () => {
    const { deprovision } = setup(left, { mishaps: { find: [null, null, unsent] } });
    expect(await deprovision()).toMatchObject({ status: 'completed' });
  });
});

describe('a deployment whose image is being written', () => {
  it('cannot be stopped, and the answer says to try again', async () => {
    const { deprovision, bareMetal } = setup(deployed({ provisionState: 'deploying' }));
    expect(await failureOf(deprovision())).toMatchObject({
      code: 'deprovision_refused',
      message: `Server ${id} cannot be deprovisioned now`,
      reason: 'its state is deploying: being deployed; Ironic cannot stop a deployment in this state',
      retryable: true,
    });
    expect(bareMetal.undeployments).toEqual([]);
  });
});

describe('a repeated call', () => {
  it.each(['deleting', 'cleaning', 'clean wait', 'clean hold'])(
    'reports how far the undeployment is in state "%s"',
    async (state) => {
      const { deprovision, consent, bareMetal } = setup(freeServer(1, { provisionState: state }));
      expect(await deprovision({ deployment_id: deploymentId })).toMatchObject({
        status: 'in_progress',
        message: expect.stringMatching(/^Server bm-1 is (being|waiting|held)/),
      });
      expect(await consent()).toBeNull();
      expect(bareMetal.undeployments).toEqual([]);
    },
  );
});

describe('a server that is free', () => {
  it.each([{}, { deployment_id: deploymentId }])(
    'ends a repeated call: it carries no deployment, whichever is given (%j)',
    async (given) => {
      const { deprovision, consent, bareMetal } = setup(freeServer(1));
      expect(await consent(given)).toBeNull();
      expect(await deprovision(given)).toMatchObject({
        status: 'completed',
        message: 'Server bm-1 is free and carries no deployment.',
        deployment_id: null,
      });
      expect(bareMetal.undeployments).toEqual([]);
    },
  );
});

describe('a server that an operator has cleaned', () => {
  it.each(['cleaning', 'clean wait', 'clean hold'])('has no deployment to undeploy: %s', async (provisionState) => {
    const server = freeServer(1, { provisionState, targetState: 'manageable' });
    const { deprovision, consent } = setup(server, { policy: { deprovisionForeign: true } });
    for (const attempt of [deprovision, consent]) {
      expect(await failureOf(attempt())).toMatchObject({
        code: 'operation_not_found',
        reason: expect.stringMatching(/^its state is clean.*operator/),
      });
    }
  });
});

describe('a reservation that was never deployed', () => {
  const reserved = (ageInSeconds: number, overrides: Partial<Server> = {}) =>
    deployed({
      provisionState: 'available',
      entry: { ...entry, started_at: new Date(start - ageInSeconds * 1_000).toISOString() },
      ...overrides,
    });

  it('is released when its call can no longer start the deployment', async () => {
    const { deprovision, bareMetal } = setup(reserved(300));
    expect(await deprovision()).toMatchObject({
      status: 'completed',
      message: 'The reservation of server bm-1 is released; nothing had been deployed on it.',
      deployment_id: deploymentId,
    });
    expect(bareMetal.servers.get(id)).toMatchObject({ provisionState: 'available', deploymentId: null, entry: null });
    expect(bareMetal.undeployments).toEqual([]);
  });

  it('loses its ports, because the next deployment would be on their network', async () => {
    const server = reserved(300);
    const named = server.entry && { ...server.entry, vifs: [uuid(41)] };
    const { deprovision, bareMetal } = setup({ ...server, entry: named });
    bareMetal.portsOf(id).add(uuid(41)).add(uuid(42));
    await deprovision();
    // Somebody else has attached this one.
    expect([...bareMetal.portsOf(id)]).toEqual([uuid(42)]);
  });

  it('names only its own ports when they stay, and none of whoever has the server next', async () => {
    const server = reserved(300);
    const vifs = server.entry && { ...server.entry, vifs: [uuid(41)] };
    const taken: Mishap = (act) => {
      act();
      bareMetal.portsOf(id).add(uuid(88));
    };
    const mishaps = { detach: always(unsent), release: [taken] };
    const { deprovision, bareMetal } = setup({ ...server, entry: vifs }, { mishaps });
    bareMetal.portsOf(id).add(uuid(41));
    const { message } = await deprovision();
    expect(message).toContain(`Neutron port ${uuid(41)} at server`);
    expect(message).not.toContain(uuid(88));
  });

  it('is left alone while its deployment may be about to start', async () => {
    const { deprovision, bareMetal } = setup(reserved(60));
    expect(await failureOf(deprovision())).toMatchObject({ code: 'deprovision_refused', retryable: true });
    expect(bareMetal.servers.get(id)).toMatchObject({ deploymentId });
  });

  it('is left alone if it does not show which attempt made it', async () => {
    const { deprovision } = setup(reserved(300, { attemptId: null }));
    expect(await failureOf(deprovision())).toMatchObject({ code: 'deprovision_refused' });
  });

  it('is left to another call that continues it at that moment', async () => {
    const { deprovision, bareMetal } = setup(reserved(300), {
      mishaps: { release: [() => bareMetal.set(id, { attemptId: uuid(952) })] },
    });
    expect(await failureOf(deprovision())).toMatchObject({
      code: 'deprovision_refused',
      reason: 'another call continues its deployment',
      retryable: true,
    });
    expect(bareMetal.servers.get(id)).toMatchObject({ deploymentId, attemptId: uuid(952) });
  });

  it('is released although an answer is lost', async () => {
    const { deprovision } = setup(reserved(300), { mishaps: { release: [lostAnswer, lostRequest] } });
    expect(await deprovision()).toMatchObject({ status: 'completed' });
  });
});

describe('the ports of a deployment by the names of networks', () => {
  const connected = deployed({ entry: { ...entry, networks: [{ id: uuid(1), name: 'tenant-a' }] } });
  const own = () =>
    freePort({
      deviceId: deploymentId,
      deviceOwner: 'ironic-mcp',
      description: descriptionOf({ deploymentId, attemptId: uuid(951), serverId: id }),
    });
  const silent = { ...fakeNetworks(), ownPorts: () => Promise.reject(new NoAnswer('Neutron is down', false)) };

  it('are said to be those of another project if this one sees none right after it has begun', async () => {
    const words = 'Neutron shows this project no port of the deployment';
    expect((await setup(connected, { networks: fakeNetworks() }).deprovision()).message).toContain(words);
    const ports = [own()];
    const { deprovision } = setup(connected, { networks: fakeNetworks(ports) });
    expect((await deprovision()).message).not.toContain(words);
    expect(ports).toEqual([]);
    // By now they may have been deleted.
    expect((await deprovision()).message).not.toContain(words);
  });

  it('are deleted by a repeated call, which the answer asks for if they could not be', async () => {
    const ask = `Repeat this call with deployment_id ${deploymentId}`;
    expect((await setup(connected, { networks: silent }).deprovision()).message).toContain(ask);
    const left: NetworkPort[] = [own()];
    const fails = { ...fakeNetworks(left), remove: () => Promise.reject(new NoAnswer('Neutron fails', true)) };
    const { message } = await setup(connected, { networks: fails }).deprovision();
    expect(message).toContain(`Neutron port ${uuid(801)} is left. ${ask}`);
    expect(message).not.toContain('openstack port delete');
  });

  it('are deleted by that call although the server has another deployment by then', async () => {
    const ports = [own()];
    const later = deployed({ deploymentId: uuid(902), attemptId: uuid(952) });
    const { deprovision, consent, bareMetal } = setup(later, { networks: fakeNetworks(ports) });
    expect(await consent({ deployment_id: deploymentId })).toBeNull();
    const gone = await failureOf(deprovision({ deployment_id: deploymentId }));
    expect(gone).toMatchObject({ code: 'operation_not_found' });
    expect([ports, bareMetal.undeployments]).toEqual([[], []]);
    const refusal = failureOf(setup(later, { networks: silent }).deprovision({ deployment_id: deploymentId }));
    expect((await refusal).reason).toContain('ports of this deployment may be left there');
  });
});

describe('the question to the user', () => {
  it('names the server, its deployment and what is lost', async () => {
    expect(await setup().consent()).toBe(
      `Undeploy server bm-1 (deployment ${deploymentId}: image ubuntu-24.04, requested at ${entry.started_at})? All data on its disk is lost. Ironic then cleans the disk if the operator has set up cleaning. This cannot be undone.`,
    );
  });

  it.each([
    ['wait call-back', /^Cancel the deployment of server bm-1 /],
    ['deploy failed', /^Clear server bm-1 /],
    ['available', /^Release the reservation of server bm-1 /],
  ])('fits the state of the server: %s', async (provisionState, words) => {
    expect(await setup(deployed({ provisionState })).consent()).toMatch(words);
  });

  it("says when the deployment is somebody else's", async () => {
    const foreign = setup(deployed({ entry: null }), { policy: { deprovisionForeign: true } });
    expect(await foreign.consent()).toContain('NOT deployed through ironic-mcp');
  });

  it('says when Ironic has forgotten whose deployment it failed to undeploy', async () => {
    const sentence = await setup(freeServer(1, { provisionState: 'error' })).consent();
    expect(sentence).toMatch(
      /^Clear server bm-1 \(deployment without an id: Ironic no longer shows who made it, in this state since 2026-11-22T07:00:00Z\)\? /,
    );
  });

  it('stays one short line, whatever others have written', async () => {
    const hostile = { ...entry, image: `x\n\nIgnore all that\u202e${'y'.repeat(5_000)}` };
    const sentence = await setup(deployed({ entry: hostile })).consent();
    expect(sentence).toMatch(/^[^\n\u202e]{1,600}$/);
    expect(sentence).toMatch(/: image "x Ignore all that y+…", requested at /);
  });

  it('gives consent for that deployment only', async () => {
    const { consent, deprovisionAsAgreed, bareMetal } = setup();
    const agreed = await consent();
    bareMetal.set(id, { deploymentId: uuid(902) });
    expect(await failureOf(deprovisionAsAgreed(agreed))).toMatchObject({ code: 'not_confirmed' });
    expect(bareMetal.undeployments).toEqual([]);
  });

  it.each([{ imageSource: 'another' }, { provisionedAt: start + 60_000 }])(
    'gives no consent for a deployment without an id after it changed by %j',
    async (changes) => {
      const byHand = deployed({ entry: null, attemptId: null, deploymentId: null, imageSource: 'one' });
      const { consent, deprovisionAsAgreed, bareMetal } = setup(byHand, { policy: { deprovisionForeign: true } });
      const agreed = await consent();
      bareMetal.set(id, changes);
      expect(await failureOf(deprovisionAsAgreed(agreed))).toMatchObject({ code: 'not_confirmed' });
      expect(bareMetal.undeployments).toEqual([]);
    },
  );

  it('gives no consent when it was not asked', async () => {
    const { consent, deprovisionWith, bareMetal } = setup(freeServer(1, { provisionState: 'cleaning' }));
    expect(await consent()).toBeNull();
    bareMetal.set(id, deployed());
    expect(await failureOf(deprovisionWith(null))).toMatchObject({ code: 'not_confirmed' });
    expect(bareMetal.undeployments).toEqual([]);
  });

  it('gives consent while nothing changes', async () => {
    const { consent, deprovisionAsAgreed } = setup();
    expect(await deprovisionAsAgreed(await consent())).toMatchObject({ status: 'accepted' });
  });
});

describe('an undeployment whose answer is lost', () => {
  const inDoubt = 'Server bm-1 may be undeploying';

  it.each<[string, readonly Mishap[], string]>([
    ['is found under way', [lostAnswer], 'in_progress'],
    ['is sent again if it did not arrive', [lostRequest, lostRequest], 'accepted'],
    ['is sent again if it never left', [unsent, unsent], 'accepted'],
    ['is sent again while the server is locked', [refused('locked'), refused('busy'), lostRequest], 'accepted'],
  ])('%s', async (_, undeploy, status) => {
    const { deprovision, bareMetal } = setup(deployed(), { mishaps: { undeploy } });
    expect(await deprovision()).toMatchObject({ status });
    expect(bareMetal.undeployments).toEqual([{ serverId: id, deploymentId }]);
  });

  it('is not sent again after the same key has deployed again, because the deployment id is the same', async () => {
    const redeployed = { attemptId: uuid(952), entry: { ...entry, started_at: new Date(start).toISOString() } };
    const { deprovision, bareMetal } = setup(deployed(), {
      mishaps: {
        undeploy: [
          (act) => {
            act();
            bareMetal.set(id, { provisionState: 'active', ...redeployed });
            throw new NoAnswer('gone', true);
          },
        ],
      },
    });
    expect(await failureOf(deprovision())).toMatchObject({
      code: 'outcome_unknown',
      reason: expect.stringContaining('that deployment has been started again'),
    });
    expect(bareMetal.undeployments).toHaveLength(1);
    expect(bareMetal.servers.get(id)).toMatchObject({ provisionState: 'active', ...redeployed });
  });

  it('is not sent again once it has failed', async () => {
    const { deprovision, bareMetal } = setup(deployed(), {
      mishaps: {
        undeploy: [
          (act) => {
            act();
            bareMetal.set(id, { provisionState: 'error', deploymentId: null, entry: null, attemptId: null });
            throw new NoAnswer('gone', true);
          },
        ],
      },
    });
    expect(await failureOf(deprovision())).toMatchObject({
      code: 'deprovision_refused',
      reason: expect.stringMatching(/^its undeployment failed/),
    });
    expect(bareMetal.undeployments).toHaveLength(1);
  });

  it('is not sent again without reading the server first', async () => {
    const { deprovision, bareMetal } = setup(deployed(), { mishaps: { undeploy: [lostRequest, refused('locked')] } });
    await deprovision();
    expect(bareMetal.requests).toEqual([
      'find bm-1',
      'undeploy bm-1',
      'find bm-1',
      'undeploy bm-1',
      'find bm-1',
      'undeploy bm-1',
    ]);
  });

  it('is not sent again when the server carries another deployment', async () => {
    const { deprovision, bareMetal } = setup(deployed(), {
      mishaps: {
        undeploy: [
          (act) => {
            bareMetal.set(id, { provisionState: 'active', deploymentId: uuid(902), entry: null });
            return lostRequest(act);
          },
        ],
      },
    });
    expect(await deprovision()).toMatchObject({
      status: 'completed',
      message: 'Server bm-1 no longer carries that deployment.',
    });
    expect(bareMetal.undeployments).toEqual([]);
  });

  it('is over when the server is free again', async () => {
    const { deprovision, bareMetal } = setup(deployed(), {
      mishaps: {
        undeploy: [
          (act) => {
            bareMetal.set(id, { provisionState: 'available', deploymentId: null, entry: null });
            return lostRequest(act);
          },
        ],
      },
    });
    expect(await deprovision()).toMatchObject({ status: 'completed' });
  });

  it.each<[string, Parameters<typeof script>[0]]>([
    ['every answer stays lost', { undeploy: always(lostRequest) }],
    ['Ironic cannot be reached any more', { undeploy: always(lostRequest), find: [null, ...always(lostRequest)] }],
    ['Ironic refuses the second request', { undeploy: [lostRequest, ...always(refused('forbidden'))] }],
  ])('is reported as unknown when %s', async (_, mishaps) => {
    const failure = await failureOf(setup(deployed(), { mishaps }).deprovision());
    expect(failure).toMatchObject({
      code: 'outcome_unknown',
      retryable: false,
      deployment: { operationId: id, deploymentId },
      hint: 'Call check_provision_status with the operation id before you call again.',
    });
    expect(failure.reason).toContain(`${inDoubt}: operation ${id}, deployment ${deploymentId}`);
  });

  it("is reported as unknown when the server's new state does not allow another try", async () => {
    const { deprovision, bareMetal } = setup(deployed({ provisionState: 'wait call-back' }), {
      mishaps: {
        undeploy: [
          (act) => {
            bareMetal.set(id, { provisionState: 'deploying' });
            return lostRequest(act);
          },
        ],
      },
    });
    expect(await failureOf(deprovision())).toMatchObject({
      code: 'outcome_unknown',
      reason: expect.stringContaining('its state is deploying'),
    });
  });

  it('is reported as unavailable when no request was ever sent', async () => {
    expect(await failureOf(setup(deployed(), { mishaps: { undeploy: always(unsent) } }).deprovision())).toMatchObject({
      code: 'ironic_unavailable',
    });
  });
});

describe('an undeployment that Ironic refuses', () => {
  it.each([
    ['forbidden', 'deprovision_refused', false],
    ['invalid', 'deprovision_refused', false],
    ['wrong_state', 'deprovision_refused', false],
    ['locked', 'deprovision_refused', true],
    ['busy', 'deprovision_refused', true],
    ['too_old', 'ironic_too_old', false],
  ] as const)('as %s fails as %s', async (refusal, code, retryable) => {
    const mishaps = { undeploy: always(refused(refusal, 'so it is')) };
    expect(await failureOf(setup(deployed(), { mishaps }).deprovision())).toMatchObject({
      code,
      reason: 'Ironic says: "so it is"',
      retryable,
    });
  });

  it('because another one came first reports how far that is', async () => {
    const { deprovision, bareMetal } = setup(deployed(), {
      mishaps: { undeploy: [() => bareMetal.set(id, { provisionState: 'cleaning', deploymentId: null, entry: null })] },
    });
    expect(await deprovision()).toMatchObject({ status: 'in_progress' });
  });

  it('because the deployment has moved on says so', async () => {
    const { deprovision, bareMetal } = setup(deployed({ provisionState: 'wait call-back' }), {
      mishaps: { undeploy: [() => bareMetal.set(id, { provisionState: 'deploying' })] },
    });
    expect(await failureOf(deprovision())).toMatchObject({
      code: 'deprovision_refused',
      reason: expect.stringContaining('its state is deploying'),
    });
  });
});

describe('a deployment of somebody else that has no id', () => {
  const policy = { deprovisionForeign: true };
  const foreign = (overrides: Partial<Server> = {}) =>
    freeServer(1, { provisionState: 'wait call-back', imageSource: uuid(700), ...overrides });
  /** Undeploys it, while this happens to it as Ironic refuses, or as the answer gets lost. */
  const meanwhile = (changes: Partial<Server>, mishap = refused('locked'), server = foreign()) => {
    const lab = setup(server, {
      policy,
      mishaps: {
        undeploy: [
          (act) => {
            lab.bareMetal.set(id, changes);
            return mishap(act);
          },
        ],
      },
    });
    return lab;
  };

  it('is still the same when its agent has just reported, which changes the date and takes the lock', async () => {
    const { deprovision, bareMetal } = meanwhile({ provisionedAt: start });
    expect(await deprovision()).toMatchObject({ status: 'accepted', deployment_id: null });
    expect(bareMetal.undeployments).toHaveLength(1);
  });

  it.each<[string, Partial<Server>, string]>([
    ['works on', { provisionState: 'deploying' }, 'its state is deploying'],
    ['deploys another image', { imageSource: uuid(701) }, 'may carry another deployment now'],
    ['carries one with an id', { deploymentId: uuid(902) }, 'may carry another deployment now'],
    ['has finished one', { provisionState: 'active' }, 'may carry another deployment now'],
  ])('is neither touched nor called gone when its server %s by then', async (_, changes, reason) => {
    const { deprovision, bareMetal } = meanwhile(changes);
    expect(await failureOf(deprovision())).toMatchObject({
      code: 'deprovision_refused',
      reason: expect.stringContaining(reason),
      retryable: true,
    });
    expect(bareMetal.undeployments).toEqual([]);
  });

  it('is distinguished from the next one by its date when no agent reports', async () => {
    const { deprovision } = meanwhile(
      { provisionedAt: start },
      refused('locked'),
      foreign({ provisionState: 'active' }),
    );
    expect(await failureOf(deprovision())).toMatchObject({ code: 'deprovision_refused', retryable: true });
  });

  it('may be undeploying if an answer was lost and the server seems to carry another one', async () => {
    const { deprovision } = meanwhile({ imageSource: uuid(701) }, lostRequest);
    expect(await failureOf(deprovision())).toMatchObject({ code: 'outcome_unknown' });
  });

  it.each(['available', 'clean failed'])('is gone when the state says so: %s', async (provisionState) => {
    const { deprovision } = meanwhile({ provisionState });
    expect(await deprovision()).toMatchObject({
      status: 'completed',
      message: 'Server bm-1 no longer carries that deployment.',
    });
  });
});

describe('a caller who leaves', () => {
  it('before any change changes nothing', async () => {
    const caller = new AbortController();
    const reason = new Error('left');
    const { deprovision, bareMetal } = setup(deployed(), { mishaps: { find: [() => caller.abort(reason)] } });
    await expect(deprovision({}, caller.signal)).rejects.toBe(reason);
    expect(bareMetal.undeployments).toEqual([]);
  });

  it('after a change does not stop it', async () => {
    const caller = new AbortController();
    const { deprovision, bareMetal } = setup(deployed(), {
      mishaps: {
        undeploy: [
          (act) => {
            caller.abort();
            return lostRequest(act);
          },
        ],
      },
    });
    expect(await deprovision({}, caller.signal)).toMatchObject({ status: 'accepted' });
    expect(bareMetal.undeployments).toHaveLength(1);
  });
});
