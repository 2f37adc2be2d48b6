import { createFaultScript, faultTable, kindOf } from '../../support/faults/fault-table.js';
import { createFaultyFetch } from '../../support/faults/faulty-fetch.js';
import { type ActorGround, createProgram, type Node, type Program } from './actor-lab.js';
import { nodeNow } from './journal.js';
import { type Call, type Meant, provisioning, requestFor, type Way, whenOver } from './ways.js';

const { signal } = new AbortController();

/** How the caller says what it means. */
type Named = 'by deployment id' | 'by name' | 'with consent';

/** What is on the node. */
type Found = 'active' | 'failed' | 'abandoned' | 'live' | 'by hand';

function deprovisioning(node: Node, named: Named, anew: Call, found: Found): Call {
  const request = {
    operation_id: node.uuid,
    confirm_server_name: node.name,
    ...(named === 'by deployment id' ? { deployment_id: String(node.instance_uuid) } : {}),
  };
  const meant: Meant = { id: node.uuid, node: named === 'by name' ? undefined : node, isLive: found === 'live' };
  async function run(program: Program) {
    if (named !== 'with consent') return program.deprovision(request, signal);
    // As the faces do: the user agrees to a sentence, and nothing else is undeployed.
    const sentence = await program.consent(request, signal);
    return program.deprovision(request, signal, sentence ?? undefined);
  }
  return { meant, target: node.uuid, run, same: run, other: anew.other, deployAnew: anew.same };
}

function wayOf(name: string, found: Found, named: Named): Way {
  return {
    name: `deprovision ${name}`,
    cloud: {},
    hiccups: [],
    ...(found === 'by hand' ? { foreign: true } : {}),
    outcome: found === 'live' ? 'refused' : 'done',
    async prepare(ground) {
      const request = await requestFor(ground, 'by id', { idempotency_key: 'one' });
      const id = String(request.server_id);
      const anew = provisioning(ground, request, id);
      const after = await prepared[found](ground, anew, id);
      const node = await nodeNow(ground, id);
      if (!node) throw new Error('the node is gone');
      return { ...deprovisioning(node, named, anew, found), ...(after ? { after } : {}) };
    },
  };
}

type Prepare = (ground: ActorGround, anew: Call, id: string) => Promise<(() => Promise<void>) | void>;

const prepared: Readonly<Record<Found, Prepare>> = {
  async active(ground, anew, id) {
    await anew.same(createProgram(ground, ground.send, 3));
    await whenOver(ground, id);
  },
  async failed(ground, anew, id) {
    const patch = (op: string) => [{ op, path: '/extra/sim', value: { fail: 'write_image' } }];
    await ground.ask('PATCH', `nodes/${id}`, patch('add'));
    await anew.same(createProgram(ground, ground.send, 3));
    await whenOver(ground, id);
    await ground.ask('PATCH', `nodes/${id}`, patch('remove'));
  },
  async abandoned(ground, anew) {
    // Its maker cannot reach Ironic any more once it has reserved the node.
    const script = createFaultScript();
    const fault = faultTable.find(({ reply }) => reply === 'refusal');
    if (!fault) throw new Error('the table has no refused connection');
    script.play({ kind: 'start', nth: 1, fault, extent: 'with all that follows' });
    const fetch = createFaultyFetch(ground.send, script, ground);
    await anew.same(createProgram(ground, fetch, 3)).catch(() => undefined);
    ground.pass(600_000);
  },
  async live(ground, anew) {
    let go = () => {};
    const going = new Promise<void>((resolve) => {
      go = resolve;
    });
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const calling = anew.same(
      createProgram(
        ground,
        async (request) => {
          if (kindOf(request.method, new URL(request.url).pathname) === 'start') {
            arrive();
            await going;
          }
          return ground.send(request);
        },
        3,
      ),
    );
    await Promise.race([arrived, calling]);
    return async () => {
      go();
      await calling.catch(() => undefined);
    };
  },
  async 'by hand'(ground, _, id) {
    const info = [{ op: 'add', path: '/instance_info', value: ground.describe(ground.images.ours) }];
    await ground.ask('PATCH', `nodes/${id}`, info);
    await ground.ask('PUT', `nodes/${id}/states/provision`, { target: 'active' });
    await whenOver(ground, id);
  },
};

export const undeploying = wayOf('a deployment by its id', 'active', 'by deployment id');

export const deprovisioningWays: readonly Way[] = [
  undeploying,
  wayOf('what a named node carries', 'active', 'by name'),
  wayOf('with consent', 'active', 'with consent'),
  wayOf('a failed deployment', 'failed', 'by deployment id'),
  wayOf('an abandoned reservation', 'abandoned', 'by deployment id'),
  wayOf('a reservation that is about to be deployed', 'live', 'by deployment id'),
  wayOf('by consent what somebody deployed by hand', 'by hand', 'with consent'),
];
