import { describe, expect, it } from 'vitest';
import type { ProvisionStatus } from '../../../src/core/requests.js';
import type { Server } from '../../../src/core/server.js';
import { statusOf } from '../../../src/core/status/provision-status.js';
import { errorsFrom } from '../../../src/openstack/history.js';
import { serverFrom } from '../../../src/openstack/node.js';
// Answers of Ironic 39.0.0 with a real agent (IPA 13.0.0) on virtual machines with Redfish: some looks at a node during
// its deployment, and when they were made; the node after each failure, and the errors in its history, with those of
// earlier deployments.
import deployments from './recorded-deployments.json' with { type: 'json' };
import failures from './recorded-failures.json' with { type: 'json' };

type Case = keyof typeof failures;

function recorded(name: Case, overrides: Partial<Server> = {}): Server {
  const server = serverFrom(failures[name].node);
  if (!server) throw new Error(`the record of "${name}" is not a node`);
  return { ...server, ...overrides };
}

/** The looks at the node during one deployment. */
function looks(name: keyof typeof deployments) {
  return deployments[name].map(({ at, node }) => {
    const server = serverFrom(node);
    if (!server) throw new Error(`the record of "${name}" is not a node`);
    return { at: Date.parse(at), server };
  });
}

const history = (name: Case) => errorsFrom({ history: failures[name].history }) ?? [];

function answer(name: Case, overrides: Partial<Server> = {}, errors = history(name)): ProvisionStatus {
  const server = recorded(name, overrides);
  return statusOf(server, (server.provisionedAt ?? 0) + 1_000, errors);
}

const neverCalled = 'The deployment agent on the server never called back';
const fellSilent = 'The deployment agent on the server stopped answering; it was last heard at 2026-11-30T17:08:20Z';
const fullDisk = 'The disk of the server is too small or full';
const badBmc = "The server's management controller (BMC) or its power control failed";

describe('a deployment on a machine fails', () => {
  it.each<[Case, code: string, step: string | null, summary: string]>([
    ['the image server answers 404', 'image_unreachable', null, 'Ironic or the agent could not fetch the image'],
    ['nothing listens at the image URL', 'image_unreachable', null, 'Ironic or the agent could not fetch the image'],
    ['the checksum is wrong', 'checksum_mismatch', 'write_image', 'The image did not match its checksum'],
    ['the image is larger than the disk', 'no_space', 'write_image', fullDisk],
    ['the disk is smaller than 4 GiB', 'no_space', 'write_image', fullDisk],
    ['the machine dies while the agent writes', 'agent_lost', null, fellSilent],
    ['no DHCP server answers', 'no_call_back', 'deploy', neverCalled],
    ['nothing listens at the BMC address', 'power_or_bmc', null, badBmc],
    ['the BMC answers 401', 'power_or_bmc', null, badBmc],
    ['the BMC goes away while the agent writes', 'power_or_bmc', 'prepare_instance_boot', badBmc],
  ])('because %s: %s', (name, code, step, summary) => {
    const { status, message, failure } = answer(name);
    expect({ status, ...failure }).toMatchObject({ status: 'failed', code, step, summary });
    expect(message).toContain(`: ${summary}.`);
  });

  it('because the ramdisk is broken: other', () => {
    // The machine that died had this failure earlier. There is no record of its node at that time.
    const at = Date.UTC(2026, 10, 30, 16, 51, 14);
    const entry = { started_at: '2026-11-30T16:50:00Z', image: 'debian-qcow2', digest: 'd' };
    const name = 'the machine dies while the agent writes';
    const untilThen = history(name).filter((error) => (error.at ?? 0) < at);
    const { failure } = answer(name, { provisionedAt: at, entry, lastError: null }, untilThen);
    expect(failure).toMatchObject({ code: 'other', step: 'write_image' });
    expect(failure?.ironic_error).toContain('ModuleNotFoundError');
  });

  it.each(['the checksum is wrong', 'the image is larger than the disk', 'the disk is smaller than 4 GiB'] as const)(
    'and Ironic has cleared last_error, so only the history says why: %s',
    (name) => {
      expect(recorded(name).lastError).toBeNull();
      expect(answer(name, {}, []).failure).toMatchObject({ code: 'other', ironic_error: null });
    },
  );
});

describe('the summary of a time-out on a machine', () => {
  const died = 'the machine dies while the agent writes';

  it('needs only an overwritten last_error', () => {
    expect(recorded(died).lastError).toMatch(/^Async execution of cleanup_after_timeout failed/);
    expect(answer(died, {}, []).failure).toMatchObject({ code: 'agent_lost', summary: fellSilent });
  });

  it('names the step as long as Ironic shows it', () => {
    const step = looks(died).at(-1)?.server.step ?? null;
    const { message, failure } = answer(died, { step });
    expect(failure).toMatchObject({ step: 'write_image', summary: `${fellSilent}, in step write_image` });
    expect(message).toContain('failed at step write_image: ');
  });

  it('does not say whether the agent came if Ironic does not show when it was heard', () => {
    const summary = 'The deployment agent on the server never called, or stopped calling';
    for (const name of [died, 'no DHCP server answers'] as const) {
      for (const unknown of [{ heardAt: null }, { entry: null }]) {
        expect(answer(name, unknown).failure).toMatchObject({ code: 'no_call_back', summary });
      }
    }
  });

  it('does not say it either after a refused retry, which overwrote the start of the attempt', () => {
    const entry = { started_at: '2026-11-30T17:20:00Z', image: 'debian-raw', digest: 'd' };
    expect(answer(died, { entry }).failure?.summary).toBe(
      'The deployment agent on the server never called, or stopped calling',
    );
  });
});

describe('a wrong checksum on a machine', () => {
  it('is named as the likely cause once the agent has written for longer than usual', () => {
    const reporting = looks('the checksum is wrong').at(-1);
    if (!reporting?.server.calledAt) throw new Error('the record does not say when the agent called');
    const { server } = reporting;
    const said = (minutes: number) => {
      const now = (server.calledAt ?? 0) + minutes * 60_000;
      // The agent goes on reporting, as it did in the record until it gave up.
      return statusOf({ ...server, heardAt: now - 60_000, provisionedAt: now - 60_000 }, now).message;
    };
    expect(said(15)).not.toContain('stalled');
    expect(said(16)).toContain(
      'It seems stalled: the deployment agent reports, but has been at this for 16 min. It usually takes less than 15 min. The checksum of the image may be wrong',
    );
  });
});

describe('the progress on a machine', () => {
  const told = looks('it completes').map(({ at, server }) => statusOf(server, at));

  it('grows with every look', () => {
    expect(told.map(({ progress_percent: percent }) => percent)).toEqual([null, 4, 4, 40, 80, 93, 98, 100]);
  });

  it('comes with what the deployment waits for', () => {
    expect(told.map(({ message }) => message)).toEqual([
      'Server vm1 is being deployed. Waiting for Ironic to check the image and the power, and to start the first step.',
      'Server vm1 is being deployed. Booting the deployment agent (step 1 of 6: deploy). Waiting for Ironic to finish this step.',
      'Server vm1 is being deployed. Booting the deployment agent (step 1 of 6: deploy). Waiting for the first call of the agent.',
      'Server vm1 is being deployed. Writing the image to the disk (step 2 of 6: write_image). Waiting for the agent to finish this step.',
      'Server vm1 is being deployed. Installing the boot loader (step 3 of 6: prepare_instance_boot). Waiting for Ironic to finish this step.',
      'Server vm1 is being deployed. Shutting the deployment agent down (step 4 of 6: tear_down_agent). Waiting for Ironic to finish this step.',
      'Server vm1 is being deployed. Booting the system (step 6 of 6: boot_instance). Waiting for Ironic to finish this step.',
      'Server vm1 is deployed with image debian-qcow2 and switched on; its system may take some minutes to boot. ' +
        "The image's owner knows its user name, unless config_drive sets another. The operator of its network (DHCP) knows its address.",
    ]);
  });

  it('mentions a silent agent on a machine that died, minutes before a stall', () => {
    // Ironic still shows "power on" here.
    const [{ server } = { server: null }] = looks('the machine dies while the agent writes');
    if (!server?.heardAt) throw new Error('the record does not say when the agent was heard');
    const { heardAt } = server;
    const said = (minutes: number) => statusOf(server, heardAt + minutes * 60_000).message;
    expect(server.powerState).toBe('power on');
    expect(said(2)).not.toContain('last heard');
    expect(said(3)).toContain('Waiting for the agent to finish this step. The agent was last heard 3 min ago.');
    expect(said(5)).not.toContain('stalled');
    expect(said(6.1)).toContain('It seems stalled: the deployment agent was last heard 6 min ago');
  });
});
