import { once } from 'node:events';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { readArguments, readConfig, UsageError } from '../config.js';
import { createSimulator } from '../simulator/cloud.js';
import { type Command, exitCodes } from './io.js';

const host = '127.0.0.1';
const mostNodes = 100_000;

/** `ironic-mcp simulator`: the simulated Ironic on a port of this machine, for any Ironic client, until it is stopped. */
export const simulator: Command = async (io, args) => {
  const flags = readArguments(args, { port: { type: 'string' }, nodes: { type: 'string' } });
  const port = wholeNumber('port', flags.port, 6385, 0, 65_535);
  const servers = wholeNumber('nodes', flags.nodes, undefined, 1, mostNodes);
  const { simulationSpeed: speed } = await readConfig(io.env, flags);
  const { fetch } = createSimulator({ speed, ...(servers === undefined ? {} : { servers }) });

  const server = createAdaptorServer({ fetch }) as Server;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${code})`;
    io.stderr.write(`ironic-mcp: Port ${port} on ${host} ${why}; choose another with --port.\n`);
    return exitCodes.failure;
  }
  const address = server.address();
  const url = `http://${host}:${typeof address === 'object' && address ? address.port : port}`;
  io.stdout.write(`${url}\n`);
  io.stderr.write(`ironic-mcp: simulating Ironic. Use it with OS_AUTH_TYPE=none OS_ENDPOINT=${url}\n`);
  if (!io.stop.aborted) await new Promise((resolve) => io.stop.addEventListener('abort', resolve, { once: true }));
  server.close();
  server.closeAllConnections();
  return exitCodes.ok;
};

function wholeNumber<Default>(
  name: string,
  flag: unknown,
  otherwise: Default,
  least: number,
  most: number,
): number | Default {
  if (flag === undefined) return otherwise;
  const number = Number(flag);
  if (!Number.isInteger(number) || number < least || number > most || flag === '') {
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}.`);
  }
  return number;
}
