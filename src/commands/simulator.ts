import { readSimulationSpeed } from '../config/config.js';
import { createHttpServer } from '../http/server.js';
import { createSimulator } from '../simulator/cloud.js';
import { readArguments, wholeNumber } from './arguments.js';
import { type Command, exitCodes } from './io.js';
import { openPort, portIn, stopped } from './port.js';

const mostNodes = 100_000;

/** `ironic-mcp simulator` serves the simulated Ironic on a port until it is stopped. */
export const simulator: Command = async (io, args) => {
  const options = { host: { type: 'string' }, port: { type: 'string' }, nodes: { type: 'string' } } as const;
  const flags = readArguments(args, options, ['sim-speed']);
  const host = String(flags.host ?? '127.0.0.1');
  const port = portIn(flags.port, 6385);
  const servers = wholeNumber('nodes', flags.nodes, undefined, 1, mostNodes);
  const speed = readSimulationSpeed(io.env, flags);
  const { fetch } = createSimulator({ speed, ...(servers === undefined ? {} : { servers }) });

  const server = createHttpServer(fetch);
  const bound = await openPort(io, server, { host, port });
  if (bound === undefined) return exitCodes.failure;
  const url = `http://${host}:${bound}`;
  io.stdout.write(`${url}\n`);
  io.stderr.write(
    `ironic-mcp: Simulating Ironic. Use it with OS_AUTH_TYPE=none OS_ENDPOINT=${url} OS_IMAGE_ENDPOINT_OVERRIDE=${url}/v2\n`,
  );
  await stopped(io);
  server.close();
  return exitCodes.ok;
};
