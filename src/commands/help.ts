import { version } from '../version.js';
import { type Command, exitCodes } from './io.js';

const text = `ironic-mcp ${version}: bare-metal servers for AI agents, through OpenStack Ironic

Usage:
  ironic-mcp [settings]              MCP server on stdin and stdout, for an MCP client to start
  ironic-mcp http [--host 127.0.0.1] [--port 7385]
                                     REST API on a port, described at /docs, and MCP over HTTP at /mcp
  ironic-mcp check [settings] [--json]
                                     tries the settings and says what works, and what to do where it does not
  ironic-mcp demo                    one simulated deployment from beginning to end, about 20 seconds
  ironic-mcp simulator [--port 6385] [--nodes N]
                                     the simulated Ironic on a port of this machine, for any Ironic client
  ironic-mcp --help | --version

Settings, as flags or environment variables:
  --cloud NAME                       OS_CLOUD: a cloud of clouds.yaml
  --request-timeout SECONDS          IRONIC_MCP_REQUEST_TIMEOUT: how long Ironic may take to answer (30)
  --image-catalog FILE               IRONIC_MCP_IMAGE_CATALOG: images by name, where there is no Glance
  --audit-log FILE                   IRONIC_MCP_AUDIT_LOG: where each change is recorded, before and after
  --read-only                        IRONIC_MCP_READ_ONLY: nothing may be changed
  --allow-deprovision                IRONIC_MCP_ALLOW_DEPROVISION: deployments made through this server may be undeployed
  --deprovision-foreign              IRONIC_MCP_DEPROVISION_FOREIGN: and those of others
  --resource-classes GLOB,GLOB       IRONIC_MCP_RESOURCE_CLASSES: only servers of these classes may be deployed
  --images GLOB,GLOB                 IRONIC_MCP_IMAGES: only these images may be deployed
  --max-deploying N                  IRONIC_MCP_MAX_DEPLOYING: so many deployments may be in progress at once
  --sim-speed FACTOR                 IRONIC_MCP_SIM_SPEED: how fast time passes in the simulated cloud (1)
  --http-token-file FILE             IRONIC_MCP_HTTP_TOKEN_FILE, or the token itself in IRONIC_MCP_HTTP_TOKEN: what
                                     clients of http must send as bearer; needed to listen beyond this machine
  --http-hosts NAME,NAME             IRONIC_MCP_HTTP_HOSTS: names of this host by which clients of http may ask

Where servers come from:
  no OS_* variable set               a simulated cloud in the same process; no real server is touched
  OS_AUTH_TYPE=none OS_ENDPOINT=URL  an Ironic that asks nobody to sign in
  OS_CLOUD, or OS_AUTH_URL and so on an OpenStack, with the settings that its own tools take

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
