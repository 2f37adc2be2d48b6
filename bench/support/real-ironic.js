// A real Ironic for the bench, with fake hardware that takes no time, and a log of its requests. Needs Debian and root, and
// installs what is missing.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '../subjects/bare-client.js';

const lab = 'tests/real/ironic/ironic_lab.py';

export async function startIronic({ nodes }) {
  const state = mkdtempSync(join(tmpdir(), 'ironic-mcp-bench-'));
  const options = ['--release', 'debian', '--nodes', String(nodes), '--deploy-delay', '0'];
  const said = execFileSync('python3', [lab, 'up', '--state', state, ...options], { encoding: 'utf8' });
  const { endpoint, version, access_log: log } = JSON.parse(said);
  // The log leaves out requests with this User-Agent.
  const client = createClient(endpoint, { 'user-agent': 'ironic-lab' });
  const taken = async () => (await client.send('GET', '/v1/nodes?associated=true&fields=uuid,provision_state')).nodes;
  const foreign = new Set((await taken()).map(({ uuid }) => uuid));
  let read = 0;
  return {
    endpoint,
    version,
    /** The requests since the last call, as `METHOD path`. */
    requests() {
      const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
      const fresh = lines.slice(read).map((line) => line.slice(0, line.lastIndexOf(' ')));
      read = lines.length;
      return fresh;
    },
    /** Undeploys everything that the bench deployed, so that each turn starts with the same servers. */
    async putBack() {
      for (;;) {
        const ours = (await taken()).filter(({ uuid }) => !foreign.has(uuid));
        if (ours.length === 0) return;
        for (const { uuid } of ours.filter(({ provision_state: now }) => now === 'active')) {
          await client.send('PUT', `/v1/nodes/${uuid}/states/provision`, { target: 'deleted' });
        }
        await delay(50);
      }
    },
    stop() {
      client.close();
      execFileSync('python3', [lab, 'down', '--state', state]);
      rmSync(state, { recursive: true });
    },
  };
}
