import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type McpSession, openSession } from '../../support/mcp-session.js';
import { type Outcome, run } from '../../support/program.js';

/** A user of the cloud, as `openstack_lab.py` describes it. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly password: string;
  readonly domain: string;
  readonly project: string | null;
}

type UserName = 'provisioner' | 'visitor' | 'member' | 'owner' | 'system_admin' | 'system_reader' | 'stranger';

/** The addresses of the three services. */
interface Services {
  readonly auth_url: string;
  readonly baremetal_endpoint: string;
  readonly image_endpoint: string;
}

/** The cloud that runs for the tests. */
interface Lab extends Services {
  /** The folder with all files of the cloud. */
  readonly state: string;
  /** The access log of Ironic. */
  readonly version: string;
  readonly region: string;
  readonly region_without_baremetal: string;
  readonly users: Readonly<Record<UserName, User>>;
  readonly projects: Readonly<Record<string, string>>;
  readonly application_credential: { readonly id: string; readonly name: string; readonly secret: string };
  readonly images: Readonly<Record<string, string>> & { readonly twins: never };
  readonly nodes: { readonly owned: string };
  readonly token_lifetime_file: string;
  readonly access_log: string;
  readonly keystone_access_log: string;
  readonly tls: {
    readonly ca_file: string;
    readonly client_certificate: string;
    readonly client_key: string;
    readonly https: Services;
    readonly client_certificate_required: Services;
    readonly self_signed: Services;
    readonly wrong_name: Services;
  };
}

/** An Ironic without a cloud around it. Its users have a name and a password. */
export interface BasicIronic {
  readonly endpoint: string;
  readonly username: string;
  readonly password: string;
}

export type Env = Readonly<Record<string, string>>;

/** A node as Ironic shows it. */
export interface Node {
  readonly name: string;
  readonly provision_state: string;
  readonly instance_uuid: string | null;
  readonly instance_info: Readonly<Record<string, unknown>>;
}

const folder = 'tests/real/ironic';

/** Runs a script that starts real services. If it fails, the last line of its stderr says why. */
async function script(name: string, ...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)('python3', [join(folder, name), ...args]).catch((error) => {
    throw new Error(`${name}: ${String(error.stderr).trim().split('\n').at(-1)}`);
  });
  return JSON.parse(stdout);
}

/** The cloud, and everything that the program has written during the tests. */
export type Cloud = Awaited<ReturnType<typeof startCloud>>;

/** Starts Keystone, Glance and Ironic, with TLS in front. */
export async function startCloud() {
  const home = mkdtempSync(join(tmpdir(), 'ironic-mcp-openstack-'));
  const states = { cloud: join(home, 'cloud'), basic: join(home, 'basic') };
  const down = () => {
    spawnSync('python3', [join(folder, 'openstack_lab.py'), 'down', '--state', states.cloud]);
    spawnSync('python3', [join(folder, 'ironic_lab.py'), 'down', '--state', states.basic]);
  };
  const atOnce = ['--deploy-delay', '0'];
  const started = await Promise.all([
    script('openstack_lab.py', 'up', '--state', states.cloud, '--tls', '--nodes', '80', ...atOnce),
    script('ironic_lab.py', 'up', '--state', states.basic, '--auth', 'http_basic', '--nodes', '5', ...atOnce),
  ]).catch((error) => {
    down();
    throw error;
  });
  const [lab, basic] = started as [Lab, BasicIronic];
  const transcript: string[] = [];
  const secrets = new Set<string>([
    ...Object.values(lab.users).map(({ password }) => password),
    lab.application_credential.secret,
    basic.password,
    btoa(`${basic.username}:${basic.password}`),
  ]);

  /** Signs in by hand. */
  async function token(user: User): Promise<string> {
    const scope = user.project
      ? { project: { name: user.project, domain: { id: 'default' } } }
      : { system: { all: true } };
    const identity = { methods: ['password'], password: { user: { id: user.id, password: user.password } } };
    const response = await fetch(`${lab.auth_url}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth: { identity, scope } }),
    });
    await response.arrayBuffer();
    const value = response.headers.get('x-subject-token') ?? '';
    secrets.add(value);
    return value;
  }

  const admin = await token(lab.users.system_admin);

  return {
    ...lab,
    basic,
    /** A home without settings of OpenStack, so that this machine's settings do not count. */
    home,
    /** Every secret that the program must never show. */
    secrets,
    /** Everything that the program showed. */
    transcript,
    token,

    /** A token that has expired. */
    async expiredToken(): Promise<string> {
      const lifetime = await readFile(lab.token_lifetime_file, 'utf8');
      await writeFile(lab.token_lifetime_file, '0');
      try {
        return await token(lab.users.provisioner);
      } finally {
        await writeFile(lab.token_lifetime_file, lifetime);
      }
    },

    /** The `OS_*` variables of a user's openrc file. */
    openrc(name: UserName): Env {
      const { password, domain, project } = lab.users[name];
      return {
        HOME: home,
        OS_AUTH_URL: lab.auth_url,
        OS_USERNAME: name,
        OS_PASSWORD: password,
        OS_USER_DOMAIN_NAME: domain,
        OS_REGION_NAME: lab.region,
        ...(project ? { OS_PROJECT_NAME: project, OS_PROJECT_DOMAIN_ID: 'default' } : { OS_SYSTEM_SCOPE: 'all' }),
      };
    },

    /** The node, as an administrator sees it. */
    async node(ref: string): Promise<Node> {
      const headers = { 'x-auth-token': admin, 'x-openstack-ironic-api-version': '1.78' };
      const response = await fetch(`${lab.baremetal_endpoint}/v1/nodes/${ref}`, { headers });
      return (await response.json()) as Node;
    },

    /** A home with a clouds.yaml, and a secure.yaml beside it. */
    async homeWith(clouds: object, secure?: object): Promise<string> {
      const own = await mkdtemp(join(home, 'home-'));
      const config = join(own, '.config', 'openstack');
      await mkdir(config, { recursive: true });
      await writeFile(join(config, 'clouds.yaml'), JSON.stringify({ clouds }));
      if (secure) await writeFile(join(config, 'secure.yaml'), JSON.stringify({ clouds: secure }));
      return own;
    },

    /** The number of sign-ins so far. */
    signIns: async () => (await linesOf(lab.keystone_access_log)).filter(isSignIn).length,
    /** The requests that reached Ironic so far. */
    requests: () => linesOf(lab.access_log),
    /** The requests among them that could change something. */
    changes: async () => (await linesOf(lab.access_log)).filter((line) => !line.startsWith('GET ')),

    /** Runs the program as an MCP server during an action, and keeps its output. */
    async session<Result>(env: Env, use: (session: McpSession) => Promise<Result>, args: readonly string[] = []) {
      const session = await openSession('v2', { HOME: home, ...env }, args);
      transcript.push(session.instructions);
      const recorded: McpSession = {
        ...session,
        async callTool(name, input, options) {
          const answer = await session.callTool(name, input, options);
          transcript.push(JSON.stringify(answer));
          return answer;
        },
      };
      try {
        return await use(recorded);
      } finally {
        await session.close();
        transcript.push(session.stderr());
      }
    },

    /** Runs the program to its end, and keeps its output. */
    async run(env: Env, args: readonly string[] = []): Promise<Outcome> {
      const outcome = await run(args, { HOME: home, ...env });
      transcript.push(outcome.stderr, outcome.stdout);
      return outcome;
    },

    async stop() {
      down();
      await rm(home, { recursive: true, force: true });
    },
  };
}

const isSignIn = (line: string) => line.startsWith('POST ') && line.includes('/auth/tokens');

async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).split('\n').filter(Boolean);
}

/** The value, which must be there. */
export function given<Value>(value: Value | undefined | null): Value {
  if (value === undefined || value === null) throw new Error('it is not given');
  return value;
}
