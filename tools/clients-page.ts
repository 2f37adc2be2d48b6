import { readFileSync } from 'node:fs';
import { byNpx, byNpxOnWindows, fromCheckout, type Launch, serverName } from './launch.js';
import { marked } from './marked.js';

/** A client's entry for a server that it starts itself. */
type Entry = Launch & { readonly type?: 'stdio'; readonly env?: Readonly<Record<string, string>> };

/** A client's entry for a server that already runs. */
interface RemoteEntry {
  readonly type?: 'http';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Client {
  readonly name: string;
  /** Where the snippet goes, as a line before it. */
  readonly place: string;
  readonly snippet: (entry: Entry) => string;
  /** What else there is to know, for the page about clients. */
  readonly more: readonly string[];
}

const url = 'http://127.0.0.1:7385/mcp';

const clients: readonly Client[] = [
  {
    name: 'Claude Desktop',
    place: 'In `claude_desktop_config.json` (Settings, Developer, Edit Config):',
    snippet: (entry) => json(mcpServers(entry)),
    more: [
      'Or install the bundle: `npm run mcpb` makes `ironic-mcp-….mcpb`, which Claude Desktop opens. It asks for eight settings and keeps the secret in the keychain of your system. The ninth names a [settings file](configuration.md#which-settings-does-the-program-have), which holds all other settings, one `NAME=value` on each line.',
    ],
  },
  {
    name: 'Claude Code',
    place: 'In a shell:',
    snippet: (entry) => shell(`claude mcp add ${serverName}${flags('--env', entry)} -- ${commandLine(entry)}`),
    more: [
      'To share the server with everybody who works on a project, write the JSON snippet of Claude Desktop into `.mcp.json` in the folder of the project.',
    ],
  },
  {
    name: 'VS Code',
    place: 'In `.vscode/mcp.json`:',
    snippet: (entry) => json(vsCode(entry)),
    more: [
      'VS Code can ask for a secret and keep it:',
      json({ inputs: [secretInput()], ...vsCode({ ...fromCheckout, env: applicationCredential() }) }),
      `Once the package is published, one click is enough: [install in VS Code](${vsCodeLink(byNpx)}), [on Windows](${vsCodeLink(byNpxOnWindows)}).`,
    ],
  },
  {
    name: 'Cursor',
    place: 'In `~/.cursor/mcp.json`, or in `.cursor/mcp.json` of a project:',
    snippet: (entry) => json(mcpServers(entry)),
    more: [
      `Once the package is published, one click is enough: [install in Cursor](${cursorLink(byNpx)}), [on Windows](${cursorLink(byNpxOnWindows)}).`,
    ],
  },
  {
    name: 'Codex',
    place: 'In a shell:',
    snippet: (entry) => shell(`codex mcp add ${serverName}${flags('--env', entry)} -- ${commandLine(entry)}`),
    more: ['Codex writes the entry `[mcp_servers.ironic]` into `~/.codex/config.toml`.'],
  },
  {
    name: 'Gemini CLI',
    place: 'In `~/.gemini/settings.json`, or in `.gemini/settings.json` of a project:',
    snippet: (entry) => json(mcpServers(entry)),
    more: ['For `ironic-mcp http`, write `{ "httpUrl": "…", "headers": { … } }` instead.'],
  },
  {
    name: 'Goose',
    place: 'In `~/.config/goose/config.yaml`:',
    snippet: goose,
    more: ['`goose configure` (Add Extension, Command-line Extension) writes the same entry.'],
  },
  {
    name: 'JetBrains',
    place: 'In Settings, Tools, AI Assistant, Model Context Protocol (MCP), choose Add, then As JSON:',
    snippet: (entry) => json(mcpServers(entry)),
    more: [],
  },
];

const withSettings = { OS_CLOUD: 'mycloud', HOME: '/home/you' };

/** The page on how to connect each client. Every snippet and link is made from the same few launch lines. */
export function clientsPage(): string {
  return `${[
    '# Connect a client',
    '<!-- Made by tools/clients-page.ts: UPDATE_GOLDEN=1 npx vitest run tests/config/documents.test.ts -->',
    '1. Run `npm ci && npm run build` in a checkout.\n2. Copy the snippet of your client, and replace `/path/to/ironic-mcp` with the path of the checkout.\n3. Put the settings of your cloud into `env`. To use the simulated cloud, leave `env` out.',
    'The snippets below name a cloud of your clouds.yaml. `HOME` is the folder that holds `.config/openstack/clouds.yaml`. Clients do not pass all variables of your shell to the program, so the settings must be in `env`. `ironic-mcp check` tries the settings of your shell and prints them as `env`. [configuration.md](configuration.md) lists all settings.',
    ...clients.flatMap(({ name, place, snippet, more }) => [
      `## ${name}`,
      place,
      snippet({ ...fromCheckout, env: withSettings }),
      ...more,
    ]),
    '## Over HTTP',
    'Start `ironic-mcp http` ([configuration.md](configuration.md#over-http)). Clients then need only the address, and the token if you set one:',
    json(mcpServers({ type: 'http', url, headers: { Authorization: 'Bearer …' } })),
    shell(`claude mcp add --transport http ${serverName} ${url} --header "Authorization: Bearer …"`),
    ...ownCredential(),
    '## Agent frameworks',
    'The MCP client of each framework below starts the program with the command and the `env` of the snippets above. `npm run test:frameworks` makes this table: each client, as published, lists the tools, deploys a server of the simulated cloud, and reads an answer and an error. No model is called.',
    frameworksTable(),
    '- **Answer**: whether the client hands on the structure of an answer, or its text, which is JSON.\n- **Null**: whether a call may pass null for an optional argument. The program takes null as absent.',
    '## As a package',
    '`npm pack` makes the package as it will be published. In any other folder, `npm install /path/to/ironic-mcp-….tgz` installs it without a registry, and `npx ironic-mcp` starts it.',
    'The package is not published yet. Once it is, `npx` starts it without a checkout:',
    json(mcpServers(byNpx)),
    'On Windows:',
    json(mcpServers(byNpxOnWindows)),
  ].join('\n\n')}\n`;
}

const teamUrl = 'https://metal.example.org/mcp';

/** How clients send a credential of their own. Each reads the secret from somewhere else than its settings, if it can. */
function ownCredential(): readonly string[] {
  const remote = (value: string): RemoteEntry => ({
    type: 'http',
    url: teamUrl,
    headers: { Authorization: `Basic ${value}` },
  });
  const credential = {
    type: 'promptString',
    id: 'ironic-credential',
    description: 'Application credential: the base64 of id:secret',
    password: true,
  };
  return [
    '### With your own application credential',
    'If [each caller signs in](teams.md), the header carries the id and the secret of your application credential, joined by a colon, in base64. This makes the value, without a line break:',
    shell(
      `export IRONIC_CREDENTIAL=$(printf %s "$OS_APPLICATION_CREDENTIAL_ID:$OS_APPLICATION_CREDENTIAL_SECRET" | base64 | tr -d '\\n')`,
    ),
    'Claude Code keeps the header in its settings:',
    shell(
      `claude mcp add --transport http ${serverName} ${teamUrl} --header "Authorization: Basic $IRONIC_CREDENTIAL"`,
    ),
    'VS Code asks for the value and keeps it:',
    json({ inputs: [credential], servers: { [serverName]: remote(`\${input:${credential.id}}`) } }),
    'Cursor reads it from the variable:',
    json(mcpServers({ url: teamUrl, headers: remote(`\${env:IRONIC_CREDENTIAL}`).headers })),
    'Codex wants the whole header in a variable, here `IRONIC_AUTHORIZATION`, which holds `Basic` and the value:',
    [
      '```toml',
      `[mcp_servers.${serverName}]`,
      `url = "${teamUrl}"`,
      'env_http_headers = { "Authorization" = "IRONIC_AUTHORIZATION" }',
      '```',
    ].join('\n'),
    'For a client that only starts programs, such as Claude Desktop, `mcp-remote` connects. Write no space after the colon in `args`, because some clients split arguments at spaces:',
    json(
      mcpServers({
        command: 'npx',
        args: ['-y', 'mcp-remote', teamUrl, '--header', `Authorization:\${AUTHORIZATION}`],
        env: { AUTHORIZATION: 'Basic …' },
      }),
    ),
  ];
}

/** A row of tests/frameworks/results.json, which the lane `frameworks` writes. */
interface FrameworkRun {
  readonly client: string;
  readonly version: string;
  readonly language: string;
  readonly lists: boolean;
  readonly deploys: boolean;
  readonly answers: 'object' | 'text' | false;
  readonly errors: boolean;
  readonly null: boolean;
  readonly note?: string;
}

function frameworksTable(): string {
  const file = new URL('../tests/frameworks/results.json', import.meta.url);
  const runs = JSON.parse(readFileSync(file, 'utf8')) as readonly FrameworkRun[];
  const shown = (result: string | boolean) => (result === true ? 'yes' : result || '**no**');
  return [
    '| Client | Version | Language | Lists tools | Deploys | Answer | Reads errors | Null | Remark |',
    '|---|---|---|---|---|---|---|---|---|',
    ...runs.map(({ client, version, language, note = '', ...run }) => {
      const results = [run.lists, run.deploys, run.answers, run.errors, run.null].map(shown);
      return `| ${[`\`${client}\``, version, language, ...results, note].join(' | ')} |`;
    }),
  ].join('\n');
}

/** The text, with the shortest snippet for each client between its markers. */
export function withClients(text: string): string {
  const folded = clients.map(({ name, place, snippet }) =>
    [`<details><summary>${name}</summary>`, place, snippet(fromCheckout), '</details>'].join('\n\n'),
  );
  return marked(text, 'clients', folded.join('\n\n'));
}

function secretInput() {
  return {
    type: 'promptString',
    id: 'ironic-secret',
    description: 'Secret of the application credential',
    password: true,
  };
}

function applicationCredential() {
  return {
    OS_AUTH_TYPE: 'v3applicationcredential',
    OS_AUTH_URL: 'https://keystone.example.org/v3',
    OS_APPLICATION_CREDENTIAL_ID: 'its id',
    OS_APPLICATION_CREDENTIAL_SECRET: `\${input:${secretInput().id}}`,
  };
}

function mcpServers(entry: Entry | RemoteEntry): object {
  return { mcpServers: { [serverName]: entry } };
}

function vsCode(entry: Entry): object {
  return { servers: { [serverName]: { type: 'stdio', ...entry } } };
}

function goose({ command, args, env }: Entry): string {
  return [
    '```yaml',
    'extensions:',
    `  ${serverName}:`,
    `    name: ${serverName}`,
    '    type: stdio',
    '    enabled: true',
    `    cmd: ${command}`,
    `    args: ${JSON.stringify(args)}`,
    ...(env ? [`    envs: ${inline(env)}`] : []),
    '    timeout: 300',
    '```',
  ].join('\n');
}

function commandLine({ command, args }: Launch): string {
  return [command, ...args].join(' ');
}

function flags(flag: string, { env = {} }: Entry): string {
  return Object.entries(env)
    .map(([name, value]) => ` ${flag} ${name}=${value}`)
    .join('');
}

/** A page cannot link to an editor itself. Each editor has a web address that leads to it. */
function vsCodeLink(launch: Launch): string {
  return `https://insiders.vscode.dev/redirect/mcp/install?${new URLSearchParams({ name: serverName, config: JSON.stringify(launch) })}`;
}

function cursorLink(launch: Launch): string {
  const config = Buffer.from(JSON.stringify(launch)).toString('base64');
  return `https://cursor.com/en/install-mcp?${new URLSearchParams({ name: serverName, config })}`;
}

/** JSON in a block, with each list on one line. */
function json(value: object): string {
  const text = JSON.stringify(value, null, 2).replace(
    /\[\s+("[^[{]*?)\s+\]/g,
    (_, list: string) => `[${list.replace(/\s*\n\s*/g, ' ')}]`,
  );
  return `\`\`\`json\n${text}\n\`\`\``;
}

function inline(value: object): string {
  return JSON.stringify(value, null, 1).replace(/\s*\n\s*/g, ' ');
}

function shell(line: string): string {
  return `\`\`\`sh\n${line}\n\`\`\``;
}
