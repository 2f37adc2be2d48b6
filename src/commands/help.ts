import { flagOf, settings, withoutIt } from '../config/settings.js';
import { version } from '../version.js';
import { type Command, exitCodes } from './io.js';
import { createTerminal } from './terminal.js';

type Row = readonly [term: string, meaning: string];

interface Page {
  readonly summary: string;
  readonly sections: readonly (readonly [title: string, rows: readonly Row[]])[];
  readonly examples: readonly string[];
}

const settingRows = Object.entries(settings).map(([name, setting]) => {
  const { placeholder, meaning } = setting;
  const otherwise = placeholder === null ? '' : withoutIt(setting);
  const row: Row = [
    `--${flagOf(name)} ${placeholder ?? ''}`.trim(),
    `${meaning.replaceAll('`', '')}${otherwise && ` (${otherwise})`}`,
  ];
  return { name, row };
});
const rowsOf = (isWanted: (name: string) => boolean) =>
  settingRows.flatMap(({ name, row }) => (isWanted(name) ? [row] : []));

const isOfHttp = (name: string) => name.startsWith('http_') || name === 'boot_report_listen';

const common: Row = ['other flags', 'every setting that `ironic-mcp help` lists'];

const commands: Readonly<Record<string, Page>> = {
  http: {
    summary: 'serves REST, and MCP over HTTP, on a port',
    sections: [
      [
        'Flags',
        [
          ['--host ADDRESS', 'address to listen on (127.0.0.1)'],
          ['--port N', 'port to listen on; 0 takes any free one (7385)'],
          ...rowsOf(isOfHttp),
          common,
        ],
      ],
      ['Variables', [['IRONIC_MCP_HTTP_TOKEN', 'the token itself, instead of a file; ps would show a flag']]],
      [
        'Routes',
        [
          ['/', 'shows the board in a browser'],
          ['/docs, /openapi.json', 'describe the REST routes'],
          ['/mcp', 'MCP over HTTP'],
          ['/healthz, /readyz', 'tell a probe that the process runs, and that Ironic (or Keystone) answers'],
          ['/metrics', 'numbers for Prometheus'],
        ],
      ],
    ],
    examples: ['OS_CLOUD=mycloud ironic-mcp http', 'curl localhost:7385/servers'],
  },
  check: {
    summary: 'tries your settings, changes nothing, and says what to correct',
    sections: [
      [
        'Flags',
        [
          ['--json', 'print the report as JSON'],
          ['other flags', 'every setting that `ironic-mcp help` and `ironic-mcp help http` list'],
        ],
      ],
      [
        'Output',
        [
          ['report', 'one line that sums up, then every step'],
          ['env block', 'your settings without secrets, for the configuration of your MCP client'],
          ['exit code', '0 ready, 1 not ready, 78 wrong settings'],
        ],
      ],
    ],
    examples: ['OS_CLOUD=mycloud ironic-mcp check'],
  },
  demo: {
    summary: 'shows one simulated deployment, in about 20 seconds',
    sections: [['Settings', [['none', 'the demo never touches a real cloud, whatever is set']]]],
    examples: ['ironic-mcp demo'],
  },
  simulator: {
    summary: 'serves the simulated Ironic on a port, for any client',
    sections: [
      [
        'Flags',
        [
          ['--host ADDRESS', 'address to listen on (127.0.0.1)'],
          ['--port N', 'port to listen on; 0 takes any free one (6385)'],
          ['--nodes N', 'simulate this many servers, 1 to 100000, instead of the built-in ones'],
          ...rowsOf((name) => name === 'sim_speed'),
        ],
      ],
    ],
    examples: [
      'ironic-mcp simulator --sim-speed 10',
      'OS_AUTH_TYPE=none OS_ENDPOINT=http://127.0.0.1:6385 ironic-mcp check',
    ],
  },
};

const overview: Page = {
  summary: 'gives AI agents bare-metal servers with OpenStack Ironic',
  sections: [
    [
      'Commands',
      [
        ['(none)', 'serves MCP on stdin and stdout; your MCP client starts it'],
        ...Object.entries(commands).map(([name, { summary }]) => [name, summary] as const),
        ['help COMMAND', 'shows the flags of a command and an example'],
        ['--version', 'shows the version'],
      ],
    ],
    [
      "Your cloud, chosen by OpenStack's variables",
      [
        ['none set', 'a simulated cloud; no real server is touched'],
        ['OS_CLOUD, --cloud NAME', 'a cloud of your clouds.yaml'],
        ['OS_AUTH_URL, …', 'an OpenStack, as in an openrc file'],
        ['OS_AUTH_TYPE, OS_ENDPOINT', 'an Ironic without Keystone (none, http_basic)'],
      ],
    ],
    ['Settings; --read-only, for example, is also IRONIC_MCP_READ_ONLY', rowsOf((name) => !isOfHttp(name))],
    ['Exit codes', [['0, 1, 2, 78', 'done, failed, wrong usage, wrong settings']]],
  ],
  examples: ['OS_CLOUD=mycloud ironic-mcp --read-only'],
};

/** `ironic-mcp help [command]`, and the flag `--help` of every command. */
export const help: Command = async (io, args) => {
  const name = args.find((arg) => Object.hasOwn(commands, arg));
  const { summary, sections, examples } = (name && commands[name]) || overview;
  const { paint, hanging } = createTerminal(io, 80);
  const title = paint('bold', name ? `ironic-mcp ${name}` : `ironic-mcp ${version}`);
  const blocks = sections.map(([heading, rows]) => {
    const indent = Math.max(...rows.map(([term]) => term.length)) + 4;
    return [
      paint('bold', `${heading}:`),
      ...rows.map(([term, meaning]) => hanging(`  ${term}`.padEnd(indent - 1), meaning.split(' '), indent)),
    ];
  });
  const example = [paint('bold', 'Example:'), ...examples.map((line) => `  ${line}`)];
  io.stdout.write(`${title}: ${summary}\n\n${[...blocks, example].map((lines) => lines.join('\n')).join('\n\n')}\n`);
  return exitCodes.ok;
};

export const showVersion: Command = async ({ stdout }) => {
  stdout.write(`${version}\n`);
  return exitCodes.ok;
};
