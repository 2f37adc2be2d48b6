import { byNpx, byNpxOnWindows, fromCheckout, type Launch, serverName } from './launch.js';

/** A client's entry for a server that it starts itself. */
type Entry = Launch & { readonly type?: 'stdio'; readonly env?: Readonly<Record<string, string>> };

/** A client's entry for a server that already runs. */
interface RemoteEntry {
  readonly type: 'http';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const withSettings = { env: { OS_CLOUD: 'mycloud', HOME: '/home/you' } };

/** The page on how to connect each client. Every snippet and link is made from the same few launch lines. */
export function clientsPage(): string {
  return `${[
    '# Connect a client',
    '<!-- Made by tools/clients-page.ts: UPDATE_GOLDEN=1 npx vitest run tests/config/documents.test.ts -->',
    'The package is not published yet. What works today starts the program from a checkout, after `npm ci && npm run build`; put the path of yours where these snippets say `/path/to/ironic-mcp`. The forms with `npx`, and the links, are for when it is published.',
    'Without settings the server simulates a cloud: a dozen servers, five images, no real machine. Settings go into an `env` block beside `command` and `args`, for clients pass on few variables of their own: [configuration.md](configuration.md) has them all, and `ironic-mcp check` prints the block for those that work in your shell.',
    '## Claude Desktop',
    'In `claude_desktop_config.json` (Settings, Developer, Edit Config), from a checkout:',
    json(mcpServers(fromCheckout)),
    'with the settings of a cloud:',
    json(mcpServers({ ...fromCheckout, ...withSettings })),
    'once it is published:',
    json(mcpServers(byNpx)),
    'and then on Windows, where `npx` needs a shell:',
    json(mcpServers(byNpxOnWindows)),
    'Or without a file: `npm run mcpb` makes `ironic-mcp-….mcpb`, which Claude Desktop installs by a double click. It asks for the settings and keeps the secret ones in the keychain of the system.',
    '## Claude Code',
    'From a checkout:',
    shell(claudeCode(fromCheckout)),
    'once it is published, and then on Windows:',
    shell(claudeCode(byNpx), claudeCode(byNpxOnWindows)),
    `A setting is \`--env NAME=value\` before the \`--\`. For everybody who works on a project, \`.mcp.json\` in its folder takes what Claude Desktop takes.`,
    '## VS Code',
    'In `.vscode/mcp.json`, from a checkout:',
    json(vsCode(fromCheckout)),
    'once it is published, with a secret that VS Code asks for and keeps:',
    json({ inputs: [secretInput], ...vsCode({ ...byNpx, env: applicationCredential }) }),
    `By one click, once it is published: [Install in VS Code](${vsCodeLink(byNpx)}), [on Windows](${vsCodeLink(byNpxOnWindows)}).`,
    '## Cursor',
    'In `~/.cursor/mcp.json`, or in `.cursor/mcp.json` of a project, from a checkout:',
    json(mcpServers(fromCheckout)),
    'once it is published:',
    json(mcpServers(byNpx)),
    `By one click, once it is published: [Install in Cursor](${cursorLink(byNpx)}), [on Windows](${cursorLink(byNpxOnWindows)}).`,
    '## Over HTTP',
    'Where `ironic-mcp http` runs ([configuration.md](configuration.md#over-http)), clients need its address only, and its token where it has one:',
    json(mcpServers({ type: 'http', url: 'http://127.0.0.1:7385/mcp', headers: { Authorization: 'Bearer …' } })),
    shell(`claude mcp add --transport http ${serverName} http://127.0.0.1:7385/mcp --header "Authorization: Bearer …"`),
    '## From the packed package',
    '`npm pack` makes the package as it will be published. In any other folder, `npm install /path/to/ironic-mcp-….tgz` installs it without a registry, and `npx ironic-mcp` starts it.',
  ].join('\n\n')}\n`;
}

const secretInput = {
  type: 'promptString',
  id: 'ironic-secret',
  description: 'Secret of the application credential',
  password: true,
};

const applicationCredential = {
  OS_AUTH_TYPE: 'v3applicationcredential',
  OS_AUTH_URL: 'https://keystone.example.org/v3',
  OS_APPLICATION_CREDENTIAL_ID: 'its id',
  OS_APPLICATION_CREDENTIAL_SECRET: `\${input:${secretInput.id}}`,
};

function mcpServers(entry: Entry | RemoteEntry): object {
  return { mcpServers: { [serverName]: entry } };
}

function vsCode(entry: Entry): object {
  return { servers: { [serverName]: { type: 'stdio', ...entry } } };
}

function claudeCode({ command, args }: Launch): string {
  return ['claude mcp add', serverName, '--', command, ...args].join(' ');
}

/** A page cannot link to an editor itself. Each editor has a web address that leads to it. */
function vsCodeLink(launch: Launch): string {
  return `https://insiders.vscode.dev/redirect/mcp/install?${new URLSearchParams({ name: serverName, config: JSON.stringify(launch) })}`;
}

function cursorLink(launch: Launch): string {
  const config = Buffer.from(JSON.stringify(launch)).toString('base64');
  return `https://cursor.com/en/install-mcp?${new URLSearchParams({ name: serverName, config })}`;
}

function json(value: object): string {
  return `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;
}

function shell(...lines: readonly string[]): string {
  return `\`\`\`sh\n${lines.join('\n')}\n\`\`\``;
}
