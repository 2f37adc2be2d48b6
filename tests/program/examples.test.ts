import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startHttpServer } from '../support/http-server.js';

const execute = promisify(execFile);
const { PATH = '', HOME = '' } = process.env;
const env = { PATH, HOME, IRONIC_MCP_SIM_SPEED: '1000' };
const options = { concurrent: true };

/** Runs an example and answers what it printed; rejects if it fails. */
async function run(...command: readonly [string, ...string[]]): Promise<string> {
  const [program, ...args] = command;
  return (await execute(program, args, { env })).stdout;
}

describe('a working example is', options, () => {
  it("examples/agent.js, an agent's loop over MCP", async () => {
    const lines = (await run(process.execPath, 'examples/agent.js')).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^tools: provision_server, check_provision_status/);
    expect(lines[1]).toMatch(/^> provision_server \{"image_id":"debian-12"/);
    expect(lines[2]).toMatch(/^< Simulated: Deployment of image debian-12 on server rack1-small-0\d has started/);
    expect(lines.at(-2)).toMatch(/^> check_provision_status \{"operation_id":/);
    expect(lines.at(-1)).toMatch(/^< Simulated: Server rack1-small-0\d is deployed with image debian-12/);
  });

  it('examples/library.js, a program with the library', async () => {
    const lines = (await run(process.execPath, 'examples/library.js')).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^Simulated: Deployment of image debian-12 on server rack1-small-0\d has started/);
    expect(lines.at(-1)).toMatch(/^100% Simulated: Server rack1-small-0\d is deployed with image debian-12/);
  });

  it('examples/library.js, which says why it failed', async () => {
    await expect(run(process.execPath, 'examples/library.js', 'none-such')).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^image_not_found: Image none-such not found/),
    });
  });

  it.skipIf(spawnSync('curl', ['--version']).status !== 0)('examples/rest.sh, the REST API by curl', async () => {
    const server = await startHttpServer();
    try {
      const lines = (await run('sh', 'examples/rest.sh', server.url)).trimEnd().split('\n');
      expect(lines[0]).toMatch(/^Simulated: Deployment of image debian-12 on server rack1-small-0\d has started/);
      expect(lines.at(-1)).toMatch(/^Simulated: Server rack1-small-0\d is deployed with image debian-12/);
    } finally {
      await server.stop();
    }
  });
});
