// What each client does: list the tools, deploy a server, read the structure of an answer, and read an error.
import assert from 'node:assert/strict';

const { PROGRAM_NODE, PROGRAM, PROGRAM_TOOLS, PATH } = process.env;

/** How to start the program. */
export const server = { command: PROGRAM_NODE, args: [PROGRAM], env: { IRONIC_MCP_SIM_SPEED: '10000', PATH } };

const request = { image_id: 'debian-12', server_id: 'rack1-small-01' };

/** The object in an answer. Some clients hand on only its text. */
const structure = (answer) => (typeof answer === 'string' ? JSON.parse(answer) : answer);

/** Makes the steps and prints each. `call(name, arguments)` returns an answer as the client hands it on. */
export async function travel(names, call) {
  const steps = {
    lists: async () => {
      assert.deepEqual([...names].sort(), PROGRAM_TOOLS.split(',').sort());
      return true;
    },
    deploys: async () => {
      const accepted = structure(await call('provision_server', request));
      assert.equal(accepted.status, 'accepted');
      const operation = { operation_id: accepted.operation_id, wait_seconds: 50 };
      let status = structure(await call('check_provision_status', operation));
      while (status.status === 'in_progress') status = structure(await call('check_provision_status', operation));
      assert.equal(status.status, 'completed');
      return true;
    },
    answers: async () => {
      const answer = await call('list_servers', { limit: 3 });
      const { servers } = structure(answer);
      assert.deepEqual(
        servers.map(({ name }) => typeof name),
        ['string', 'string', 'string'],
      );
      return typeof answer === 'string' ? 'text' : 'object';
    },
    errors: async () => {
      // Some clients throw the text, others return it.
      const answer = await call('provision_server', { ...request, server_id: 'nosuch' }).catch(String);
      const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
      assert.match(text, /Server nosuch not found/);
      assert.match(text, /Code: server_not_found/);
      return true;
    },
    null: async () => {
      const listing = structure(await call('list_servers', { limit: 3, resource_class: null, cursor: null }));
      assert.equal(listing.servers?.length, 3, JSON.stringify(listing));
      return true;
    },
  };
  for (const [step, take] of Object.entries(steps)) {
    const outcome = await take().then(
      (result) => ({ result }),
      (error) => ({ result: false, why: String(error.stack).slice(0, 3000) }),
    );
    process.stdout.write(`${JSON.stringify({ step, ...outcome })}\n`);
  }
}
