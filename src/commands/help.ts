import { version } from '../version.js';
import { type Command, exitCodes } from './io.js';

const text = `ironic-mcp ${version}: bare-metal servers for AI agents, through OpenStack Ironic

Usage:
  ironic-mcp [settings]              MCP server on stdin and stdout, for an MCP client to start
  ironic-mcp demo                    one simulated deployment from beginning to end, about 20 seconds
  ironic-mcp simulator [--port 6385] [--nodes N]
                                     the simulated Ironic on a port of this machine, for any Ironic client
  ironic-mcp --help | --version

Settings, as flags or environment variables:
  --request-timeout SECONDS          IRONIC_MCP_REQUEST_TIMEOUT: how long Ironic may take to answer (30)
  --image-catalog FILE               IRONIC_MCP_IMAGE_CATALOG: images by name, where there is no Glance
  --sim-speed FACTOR                 IRONIC_MCP_SIM_SPEED: how fast time passes in the simulated cloud (1)

Where servers come from:
  no OS_* variable set               a simulated cloud in the same process; no real server is touched
  OS_AUTH_TYPE=none OS_ENDPOINT=URL  an Ironic that asks nobody to sign in

Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong settings.
`;

export const help: Command = async ({ stdout }) => {
  stdout.write(text);
  return exitCodes.ok;
};

export const showVersion: Command = async ({ stdout }) => {
  stdout.write(`${version}\n`);
  return exitCodes.ok;
};
