// Composes cores for callers with credentials of their own, at a Keystone in this process, and prints what a further one
// costs: memory in KB, and processor time in milliseconds, beside that of the bare request to Keystone.
import { composeCallers } from '../../src/compose.js';
import { readServerConfig } from '../../src/config/config.js';

const callers = Number(process.argv[2]);
const services = ['baremetal', 'image', 'network', 'identity', 'compute', 'volumev3', 'object-store', 'orchestration'];
const endpoints = ['public', 'internal', 'admin'].map((kind) => ({
  interface: kind,
  region_id: 'R',
  url: 'http://sim',
}));
const token = {
  expires_at: new Date(Date.now() + 3_600_000).toISOString(),
  catalog: services.map((type) => ({ type, endpoints })),
  user: { id: 'u', name: 'u' },
  project: { id: 'p', name: 'p' },
  application_credential: { id: 'c', name: 'c' },
};
const answer = JSON.stringify({ token });
globalThis.fetch = async (input, init) => {
  await new Request(input, init).text();
  const headers = { 'content-type': 'application/json', 'x-subject-token': 'x'.repeat(180) };
  return new Response(answer, { status: 201, headers });
};

const env = { OS_AUTH_URL: 'http://keystone/v3', IRONIC_MCP_HTTP_SIGN_IN: 'caller' };
const { config } = await readServerConfig(env, {});
const { cloud, ...rules } = await config();
if (cloud.kind !== 'callers') throw new Error('the settings name an account');
const { signIn } = await composeCallers({ cloud, ...rules });
const cores: unknown[] = [];

async function signInMany(): Promise<void> {
  for (let number = 0; number < callers; number += 1) {
    cores.push(await signIn({ id: String(number), secret: 'secret' }, () => undefined));
  }
}

async function askMany(): Promise<void> {
  for (let number = 0; number < callers; number += 1) {
    const body = JSON.stringify({ auth: { id: number } });
    await (await fetch('http://keystone/v3/auth/tokens', { method: 'POST', body })).json();
  }
}

/** The processor time of an action, in milliseconds for each caller. */
async function timed(action: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / callers;
}

function heap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

await signInMany();
await askMany();
const before = heap();
const signedIn = await timed(signInMany);
const kilobytes = (heap() - before) / 1_000 / callers;
process.stdout.write(JSON.stringify({ kilobytes, signedIn, bare: await timed(askMany), cores: cores.length }));
