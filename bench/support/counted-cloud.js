// A cloud for the bench: the simulator as a process of its own, behind a port that counts requests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import { createInterface } from 'node:readline';
import { neutral } from './child.js';

/** Starts the simulator with this many servers, behind a port that counts requests. */
export async function startCloud({ servers, speed = 1 }) {
  const args = ['bin/ironic-mcp.js', 'simulator', '--port', '0', '--nodes', String(servers)];
  const env = { ...neutral, IRONIC_MCP_SIM_SPEED: String(speed) };
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'], env });
  const [url] = await once(createInterface({ input: child.stdout }), 'line');
  const front = await countRequests(url);
  return {
    ...front,
    stop() {
      front.stop();
      child.kill();
    },
  };
}

async function countRequests(url) {
  const { hostname, port } = new URL(url);
  const agent = new Agent({ keepAlive: true });
  const seen = [];
  const server = createServer((incoming, response) => {
    const { method, url: path, headers } = incoming;
    seen.push(`${method} ${path}`);
    const onward = request({ agent, hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    direct: url,
    /** The requests since the last call. */
    seen: () => seen.splice(0),
    stop() {
      agent.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}
