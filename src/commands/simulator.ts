import { once } from 'node:events';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { readSimulationSpeed } from '../config/config.js';
import { createSimulator } from '../simulator/cloud.js';
import { readArguments, wholeNumber } from './arguments.js';
import { type Command, exitCodes } from './io.js';
import { portIn, whyNot } from './port.js';

const host = '127.0.0.1';
const mostNodes = 100_000;

/** `ironic-mcp simulator`: the simulated Ironic on a port of this machine, for any Ironic client, until it is stopped. */
export const simulator: Command = async (io, args) => {
  const flags = readArguments(args, { port: { type: 'string' }, nodes: { type: 'string' } }, ['sim-speed']);
  const port = portIn(flags.port, 6385);
  const servers = wholeNumber('nodes', flags.nodes, undefined, 1, mostNodes);
  const speed = readSimulationSpeed(io.env, flags);
  const { fetch } = createSimulator({ speed, ...(servers === undefined ? {} : { servers }) });

  const server = createAdaptorServer({ fetch }) as Server;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    io.stderr.write(`ironic-mcp: ${whyNot(error, host, port)}\n`);
    return exitCodes.failure;
  }
  const address = server.address();
  const url = `http://${host}:${typeof address === 'object' && address ? address.port : port}`;
  io.stdout.write(`${url}\n`);
  io.stderr.write(
    `ironic-mcp: simulating Ironic. Use it with OS_AUTH_TYPE=none OS_ENDPOINT=${url} OS_IMAGE_ENDPOINT_OVERRIDE=${url}/v2\n`,
  );
  if (!io.stop.aborted) await new Promise((resolve) => io.stop.addEventListener('abort', resolve, { once: true }));
  server.close();
  server.closeAllConnections();
  return exitCodes.ok;
};
