import { flagOf, settings, withoutIt } from '../config/settings.js';
import { version } from '../version.js';
import { type Command, exitCodes } from './io.js';

const text = () => `ironic-mcp ${version}: bare-metal servers for AI agents, through OpenStack Ironic

Usage:
  ironic-mcp [settings]              MCP server on stdin and stdout, for an MCP client to start
  ironic-mcp http [--host 127.0.0.1] [--port 7385]
                                     REST API on a port, described at /docs, and MCP over HTTP at /mcp
  ironic-mcp check [settings] [--json]
                                     tries the settings and says what works, and what to do where it does not
  ironic-mcp demo                    one simulated deployment from beginning to end, about 20 seconds
  ironic-mcp simulator [--port 6385] [--nodes N] [--sim-speed FACTOR]
                                     the simulated Ironic on a port of this machine, for any Ironic client
  ironic-mcp --help | --version

Settings, as flags or environment variables:
${settingLines()}

Where servers come from:
  no OS_* variable set               a simulated cloud in the same process; no real server is touched
  OS_AUTH_TYPE=none OS_ENDPOINT=URL  an Ironic that asks nobody to sign in
  OS_CLOUD, or OS_AUTH_URL and so on an OpenStack, with the settings that its own tools take

Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong settings.
`;

/** Where the meanings begin, and where they end. */
const [left, right] = [37, 100];

function settingLines(): string {
  const own = Object.entries(settings).map(([name, setting]) => {
    const { variable, placeholder, meaning } = setting;
    const otherwise = placeholder === null ? '' : withoutIt(setting);
    return [
      `--${flagOf(name)} ${placeholder ?? ''}`,
      `${variable}: ${meaning.replaceAll('`', '')}${otherwise && ` (${otherwise})`}`,
    ] as const;
  });
  const cloud = ['--cloud NAME', 'OS_CLOUD: a cloud of clouds.yaml'] as const;
  const token = [
    '',
    'IRONIC_MCP_HTTP_TOKEN: the token itself instead of its file; no flag, for those show in ps',
  ] as const;
  return [cloud, ...own, token].map(([flag, words]) => `  ${flag.padEnd(left - 2)}${wrapped(words)}`).join('\n');
}

/** In lines that fit into the column on the right. */
function wrapped(words: string): string {
  const lines = words.match(new RegExp(`\\S.{0,${right - left - 1}}(?=\\s|$)`, 'g')) ?? [];
  return lines.join(`\n${' '.repeat(left)}`);
}

export const help: Command = async ({ stdout }) => {
  stdout.write(text());
  return exitCodes.ok;
};

export const showVersion: Command = async ({ stdout }) => {
  stdout.write(`${version}\n`);
  return exitCodes.ok;
};
