import { randomUUID } from 'node:crypto';
import type { ComposedCloud } from '../../compose.js';
import type { Cloud, Config } from '../../config/config.js';
import { type Survey, survey } from '../../core/inventory/survey.js';
import { setting } from '../../core/names.js';
import type { Policy } from '../../core/policy.js';
import { type BareMetal, type Images, NoAnswer, Refused } from '../../core/ports.js';
import type { Server } from '../../core/server.js';
import { displayName } from '../../core/status/provision-status.js';
import { isoTime } from '../../core/text/iso-time.js';
import { plain } from '../../core/text/untrusted.js';
import { neutronIn } from './neutron.js';
import type { Finding } from './report.js';

/**
 * Runs one step and records what it found. True unless it failed.
 * @param remedy What to do if the service refuses or does not answer.
 */
export type Run = (
  step: string,
  look: () => Promise<Finding | readonly Finding[]>,
  remedy?: Partial<Remedy>,
) => Promise<boolean>;

/** What to do when a service refuses or does not answer. */
interface Remedy {
  /** The setting that says where the service is. */
  readonly place: string;
  /** The setting that says who asks. */
  readonly account: string;
  /** A command that asks the same service. */
  readonly command: string;
}

/** Tries the cloud. Each step needs the one before it, except the images. */
export async function inspect(
  { bareMetal, images, networks, session }: ComposedCloud,
  { cloud, policy }: Config,
  run: Run,
  signal: AbortSignal,
): Promise<void> {
  const byKeystone = cloud.kind === 'ironic' && cloud.settings.auth.type === 'keystone';
  const account = accountOf(cloud);
  let ironic: Partial<Remedy> = {};
  const signedIn =
    session === undefined ||
    (await run(
      byKeystone ? 'sign-in and catalog' : 'endpoint',
      async () => {
        const { endpoint, setBy } = await session.access('baremetal', signal);
        ironic = {
          place: setBy,
          account,
          command: byKeystone ? 'openstack baremetal node list --limit 1' : `curl -i ${endpoint}/v1`,
        };
        return { outcome: 'ok', detail: `the bare-metal service is at ${endpoint}` };
      },
      { place: 'OS_AUTH_URL', account, command: 'openstack token issue' },
    ));
  if (!signedIn) return;
  let found: Survey | undefined;
  const look = async (): Promise<Finding> => {
    found = await survey(bareMetal, signal, policy);
    return { outcome: 'ok', detail: `answers with API ${bareMetal.apiVersion()}` };
  };
  const answered = await run('Ironic', look, ironic);
  if (answered && found) {
    const seen = found;
    await run('servers', async () => serversIn(seen, policy, account));
    await run('reservations', () =>
      Promise.all(seen.abandoned.map((each) => abandonedOne({ bareMetal, networks }, each, signal))),
    );
    await run('Metal3', async () => metal3In(seen));
    const { sample } = seen;
    if (sample && policy.allows('write')) await run('rights', () => rightsOn(bareMetal, sample, account, signal));
  }
  await run('images', () => imagesIn(images, policy, signal), {
    place: byKeystone ? 'OS_INTERFACE or OS_IMAGE_ENDPOINT_OVERRIDE' : 'OS_IMAGE_ENDPOINT_OVERRIDE',
    account,
    command: byKeystone ? 'openstack image list --limit 1' : 'curl -i $OS_IMAGE_ENDPOINT_OVERRIDE',
  });
  if (networks) await run('Neutron', () => neutronIn(networks, bareMetal, policy, signal));
}

/** The setting that says who asks. */
function accountOf(cloud: Cloud): string {
  if (cloud.kind === 'simulator') return '';
  if (cloud.files.OS_CLIENT_CONFIG_FILE !== undefined) return 'OS_CLOUD';
  const { auth } = cloud.settings;
  if (auth.type === 'none') return 'OS_AUTH_TYPE';
  if (auth.type === 'http_basic' || auth.identity.method === 'password') return 'OS_USERNAME';
  return auth.identity.method === 'token' ? 'OS_TOKEN' : 'OS_APPLICATION_CREDENTIAL_ID';
}

/** A failure of a service as a finding. Every other error is thrown. */
export function findingFrom(error: unknown, { place, account, command }: Partial<Remedy> = {}): Finding {
  if (!(error instanceof Refused || error instanceof NoAnswer)) throw error;
  const refusal = error instanceof Refused ? error.refusal : undefined;
  // The text of an error often names the very setting, such as OS_CACERT.
  const named = [...new Set(error.words.match(/\bOS_[A-Z_]+|\bHTTPS?_PROXY/g))].join(', ') || place;
  const advice =
    refusal === 'forbidden'
      ? `Check the roles of this account${account ? ` (${account})` : ''}.`
      : refusal === 'not_found' && place !== undefined
        ? // Ironic takes the rest of a longer address for the name of a server.
          `Check that ${place} is the address of an Ironic.`
        : `Check ${named ?? 'the service'}.`;
  return { outcome: 'failed', detail: error.words, next: advice, ...(command && { command }) };
}

function serversIn({ total, available, tally, notes }: Survey, policy: Policy, account: string): Finding {
  if (total === 0) {
    return {
      outcome: 'failed',
      detail: 'none can be seen',
      next: `Enrol servers in Ironic, or use another account (${account}): a member of a project sees only the servers that the project owns.`,
      command: 'openstack baremetal node list',
    };
  }
  const counts = tally.byAvailability().map(([availability, count]) => {
    const each = [...(notes.get(availability) ?? [])].map(
      ([note, servers]) => `${servers} ${note.replace(/^it is /, '')}`,
    );
    return `${count} ${availability}${each.length > 0 ? ` (${each.join(', ')})` : ''}`;
  });
  const classes = tally.byClass().flatMap(({ resource_class, available: free = 0 }) => `${resource_class} ${free}`);
  const detail = `${total}: ${counts.join(', ')}; available by class: ${classes.join(', ')}`;
  if (available > 0 || !policy.allows('write')) return { outcome: 'ok', detail };
  const permitted = policy.allowsClass(null) ? '' : ` of a class that ${setting('resource_classes')} allows`;
  return {
    outcome: 'failed',
    detail,
    next: `Make a server${permitted} available.`,
    command: 'openstack baremetal node provide NAME',
  };
}

async function abandonedOne(
  { bareMetal, networks }: Pick<ComposedCloud, 'bareMetal' | 'networks'>,
  server: Server,
  signal: AbortSignal,
): Promise<Finding> {
  const since = server.entry ? isoTime(Date.parse(server.entry.started_at)) : 'unknown';
  // A port that stays attached would connect the next user of the server.
  const noNetwork = server.networkInterface === null || server.networkInterface === 'noop';
  const ports = noNetwork ? [] : (await bareMetal.cards(server.id, signal)).flatMap(({ vif }) => vif ?? []);
  const hasNetworks = (server.entry?.networks?.length ?? 0) > 0;
  const made = hasNetworks ? await networks?.ownPorts(server.deploymentId ?? '', signal).catch(() => []) : [];
  const node = 'openstack baremetal node';
  const commands = [
    ...ports.map((port) => `${node} vif detach ${server.id} ${port}`),
    ...(made ?? []).map(({ id }) => `openstack port delete ${id}`),
    `${node} unset ${server.id} --instance-uuid`,
  ];
  return {
    outcome: 'warning',
    detail: `${displayName(server)} has been reserved since ${since} and was never deployed`,
    next: 'Provision again with the same idempotency_key if there was one, or release the server.',
    command: commands.join(' && '),
  };
}

function metal3In({ metal3 }: Survey): readonly Finding[] {
  const [first] = metal3;
  if (!first) return [];
  return [
    {
      outcome: 'warning',
      detail: `${metal3.length} servers have names of Metal3, e.g. ${displayName(first)}; this program never deploys them`,
      next: 'Deploy them through Metal3. Its operator would undo what others do to them.',
    },
  ];
}

const mostNames = 5;

async function imagesIn(images: Images, policy: Policy, signal: AbortSignal): Promise<Finding> {
  const { images: all, complete, anyUrl } = await images.list(signal);
  const offered = all.map((image) => ({
    ...image,
    name: plain(image.name ?? image.id, 60),
    obstacle: image.obstacle ?? (policy.allowsImage(image) ? null : `not in ${setting('images')}`),
  }));
  const deployable = offered.filter(({ obstacle }) => obstacle === null);
  const others = offered.filter(({ obstacle }) => obstacle !== null);
  const not = listed(others.map(({ name, obstacle }) => `${name} (${obstacle})`));
  // Without Glance a URL will do as well.
  const outcome = anyUrl || !policy.allows('write') ? 'warning' : 'failed';
  const catalogue = 'IRONIC_MCP_IMAGE_CATALOG';
  const tryCatalogue = 'ironic-mcp check --image-catalog FILE';
  if (all.length === 0) {
    return {
      outcome,
      detail: 'none has a name here',
      next: anyUrl
        ? `Name images and their checksums in ${catalogue}. A URL works as image_id as well, but the deploy interface direct needs a checksum for http and https.`
        : `Upload an image to Glance, or name one in ${catalogue}.`,
      command: anyUrl ? tryCatalogue : 'openstack image list',
    };
  }
  const count = `${deployable.length} of ${complete ? '' : 'at least '}${all.length} can be deployed`;
  if (deployable.length === 0) {
    const settings = `${setting('images')}${anyUrl ? ` and ${catalogue}` : ''}`;
    return {
      outcome,
      detail: `${count}: not ${not}`,
      next: `Check ${settings}.`,
      command: anyUrl ? 'ironic-mcp check --images GLOB' : 'openstack image list --long',
    };
  }
  // The only caveat that a list of images knows is a missing checksum.
  const unchecked = deployable.filter(({ caveat }) => caveat !== null).length;
  const only = unchecked > 0 ? `, ${unchecked} of them only on servers that need no checksum` : '';
  const names = listed(deployable.map(({ name }) => name));
  const detail = `${count}${only}: ${names}${others.length > 0 ? `; not ${not}` : ''}`;
  if (unchecked < deployable.length) return { outcome: 'ok', detail };
  return {
    outcome: 'warning',
    detail,
    next: `Add checksums in ${catalogue}: the usual deploy interface, direct, needs them.`,
    command: tryCatalogue,
  };
}

function listed(names: readonly string[]): string {
  const more = names.length - mostNames;
  return `${names.slice(0, mostNames).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/**
 * Whether this account may reserve a server. Ironic checks the rights before it reads the patch, and releasing a
 * reservation that does not exist changes nothing.
 */
async function rightsOn(
  { release }: BareMetal,
  server: Server,
  account: string,
  signal: AbortSignal,
): Promise<Finding> {
  try {
    await release(server.id, { deploymentId: randomUUID(), attemptId: randomUUID() }, signal);
    return { outcome: 'ok', detail: 'this account may reserve servers' };
  } catch (error) {
    if (!(error instanceof Refused && error.refusal === 'forbidden')) throw error;
    return {
      outcome: 'failed',
      detail: `this account may not reserve ${displayName(server)}: ${error.words}`,
      next: `Use an account (${account}) that may set instance_uuid: an owner of the servers, a system admin, or one that Ironic's policy allows.`,
      command: `openstack baremetal node show ${server.id} --fields owner lessee`,
    };
  }
}
