import { once } from 'node:events';
import { systemCodeOf } from '../core/text/system-code.js';
import type { HttpServer } from '../http/server.js';
import { wholeNumber } from './arguments.js';
import type { Io } from './io.js';

/**
 * Reads the flag `--port`. 0 means any free port.
 * @throws UsageError
 */
export function portIn(flag: unknown, otherwise: number): number {
  return wholeNumber('port', flag, otherwise, 0, 65_535);
}

/** The settings of an address and a port, for messages. */
const usualFlags = { host: '--host', port: '--port' };

/** Opens a port and returns its number. On failure it writes why to stderr and returns undefined. */
export async function openPort(
  { stderr }: Io,
  server: HttpServer,
  { host, port }: { readonly host: string; readonly port: number },
  flags = usualFlags,
) {
  try {
    return await server.listen(host, port);
  } catch (error) {
    stderr.write(`ironic-mcp: ${whyNot(error, host, port, flags)}\n`);
    return undefined;
  }
}

/** Resolves when the process is asked to stop. */
export async function stopped({ stop }: Io): Promise<void> {
  if (!stop.aborted) await once(stop, 'abort');
}

/** Says why a port could not be opened. */
export function whyNot(error: unknown, host: string, port: number, flags = usualFlags): string {
  const code = systemCodeOf(error);
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use. Choose another port with ${flags.port}.`;
    case 'EACCES':
      return `Port ${port} on ${host} needs privileges. Choose a port from 1024 up with ${flags.port}.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is not an address of this machine. Choose another with ${flags.host}.`;
    default:
      return `Port ${port} on ${host} cannot be opened (${code}).`;
  }
}
