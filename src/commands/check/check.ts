import { randomUUID } from 'node:crypto';
import { type ComposedCloud, composeCloud } from '../../compose.js';
import { type Config, type HttpConfig, readConfig, readHttpConfig } from '../../config/config.js';
import { ConfigError } from '../../config/errors.js';
import { type Survey, survey } from '../../core/inventory/survey.js';
import type { Policy } from '../../core/policy.js';
import { type BareMetal, type Images, NoAnswer, Refused } from '../../core/ports.js';
import type { Server } from '../../core/server.js';
import { displayName } from '../../core/status/provision-status.js';
import { isoTime } from '../../core/text/iso-time.js';
import { systemCodeOf } from '../../core/text/system-code.js';
import { plain } from '../../core/text/untrusted.js';
import { tryAuditLog } from '../../local/audit-log.js';
import { readArguments } from '../arguments.js';
import { type Command, exitCodes } from '../io.js';
import { envBlock } from './env-block.js';

/** What one step of the check found. */
interface Finding {
  readonly outcome: 'ok' | 'warning' | 'failed';
  readonly detail: string;
  /** What to do about it. */
  readonly next?: string;
}

interface Step extends Finding {
  readonly step: string;
  readonly seconds: number;
}

/** `ironic-mcp check`: tries the settings step by step and says what works, and what to do where it does not. */
export const check: Command = async (io, args) => {
  const flags = readArguments(args, { json: { type: 'boolean' } });
  const steps: Step[] = [];
  const run: Run = async (step, look, setBy) => {
    const begin = performance.now();
    const found = [await look().catch((error) => findingFrom(error, setBy))].flat();
    const seconds = Math.round(performance.now() - begin) / 1000;
    steps.push(...found.map((finding) => ({ step, seconds, ...finding })));
    return found.every(({ outcome }) => outcome !== 'failed');
  };
  let misread = false;
  const read = <Value>(step: string, reading: Promise<Value>) =>
    reading.catch((error: unknown) => {
      if (!(error instanceof ConfigError)) throw error;
      misread = true;
      steps.push({ step, seconds: 0, outcome: 'failed', detail: error.message, next: 'Correct the setting.' });
      return undefined;
    });
  const config = await read('settings', readConfig(io.env, flags));
  if (config) {
    const cloud = await composeCloud(config);
    const source =
      config.cloud.kind === 'simulator' ? 'no OS_* variable is set: a simulated cloud' : config.cloud.source;
    steps.push({ step: 'settings', seconds: 0, outcome: 'ok', detail: source });
    const warnings = config.cloud.kind === 'ironic' ? config.cloud.warnings : [];
    steps.push(...warnings.map((detail) => ({ step: 'settings', seconds: 0, outcome: 'warning' as const, detail })));
    steps.push({ step: 'rules', seconds: 0, outcome: 'ok', detail: config.policy.rules.join('; ') });
    await inspect(cloud, config, run, io.stop);
    const { auditLog } = config;
    if (auditLog !== undefined) await run('audit log', () => auditLogAt(auditLog));
  }
  const httpConfig = await read('http', readHttpConfig(io.env, flags));
  if (httpConfig) steps.push(...httpIn(httpConfig).map((finding) => ({ step: 'http', seconds: 0, ...finding })));
  const ready = steps.every(({ outcome }) => outcome !== 'failed');
  const env = envBlock(io.env, flags, config?.cloud.kind === 'ironic' ? config.cloud.files : {});
  const verdict = verdictOn(ready, config);
  io.stdout.write(
    flags.json ? `${JSON.stringify({ ready, steps, env }, null, 2)}\n` : asText(steps, verdict, config && env),
  );
  return ready ? exitCodes.ok : misread ? exitCodes.config : exitCodes.failure;
};

/** @param setBy The settings to look at if the service is not where it was asked. */
type Run = (step: string, look: () => Promise<Finding | readonly Finding[]>, setBy?: string) => Promise<boolean>;

/** Each step needs the one before it, but for the images. */
async function inspect(
  { bareMetal, images, session }: ComposedCloud,
  { cloud, policy }: Config,
  run: Run,
  signal: AbortSignal,
): Promise<void> {
  const byKeystone = cloud.kind === 'ironic' && cloud.settings.auth.type === 'keystone';
  let setBy: string | undefined;
  const signedIn =
    session === undefined ||
    (await run(byKeystone ? 'sign-in and catalog' : 'endpoint', async () => {
      const access = await session.access('baremetal', signal);
      setBy = access.setBy;
      return { outcome: 'ok', detail: `bare metal is at ${access.endpoint}` };
    }));
  if (!signedIn) return;
  let found: Survey | undefined;
  const look = async (): Promise<Finding> => {
    found = await survey(bareMetal, signal, policy);
    return { outcome: 'ok', detail: `answers, API ${bareMetal.apiVersion()} is spoken` };
  };
  const answered = await run('Ironic', look, setBy);
  if (answered && found) {
    const seen = found;
    await run('servers', async () => serversIn(seen, policy));
    await run('reservations', () => Promise.all(seen.abandoned.map((each) => abandonedOne(bareMetal, each, signal))));
    await run('Metal3', async () => metal3In(seen));
    const { sample } = seen;
    if (sample && policy.allows('write')) await run('rights', () => rightsOn(bareMetal, sample, signal));
  }
  await run('images', () => imagesIn(images, policy, signal));
}

function serversIn({ total, available, counts }: Survey, policy: Policy): Finding {
  if (total === 0) {
    return {
      outcome: 'failed',
      detail: 'none can be seen',
      next: 'Enrol servers in Ironic; if there are some, this user may have no rights to them (a member of a project sees only what it owns).',
    };
  }
  const classes = [...counts].map(([name, states]) => {
    const each = [...states].map(([state, count]) => `${count} ${state}`);
    return `${plain(name, 60)}: ${each.join(', ')}`;
  });
  const detail = `${total}, of which ${available} can be deployed (by Ironic's states: ${classes.join('; ')})`;
  if (available > 0 || !policy.allows('write')) return { outcome: 'ok', detail };
  return {
    outcome: 'failed',
    detail,
    next: `Make a server available${policy.allowsClass(null) ? '' : ', of a class that the rules allow'}: openstack baremetal node provide NAME.`,
  };
}

async function abandonedOne({ vifs }: BareMetal, server: Server, signal: AbortSignal): Promise<Finding> {
  const since = server.entry ? isoTime(Date.parse(server.entry.started_at)) : 'unknown';
  // A port that stays attached would connect whoever gets the server next.
  const noNetwork = server.networkInterface === null || server.networkInterface === 'noop';
  const ports = noNetwork ? [] : await vifs(server.id, signal);
  const node = 'openstack baremetal node';
  const commands = [
    ...ports.map((port) => `${node} vif detach ${server.id} ${port}`),
    `${node} unset ${server.id} --instance-uuid`,
  ];
  return {
    outcome: 'warning',
    detail: `${displayName(server)} is reserved since ${since}, never deployed`,
    next: `Provision again with the same idempotency_key if there was one, or release it: ${commands.join(' && ')}`,
  };
}

function metal3In({ metal3 }: Survey): readonly Finding[] {
  const [first] = metal3;
  if (!first) return [];
  return [
    {
      outcome: 'warning',
      detail: `${metal3.length} servers belong to Metal3 by their names, e.g. ${displayName(first)}; they are never deployed from here`,
      next: 'Deploy those through Metal3, whose operator would undo what others do to them.',
    },
  ];
}

async function imagesIn(images: Images, policy: Policy, signal: AbortSignal): Promise<Finding> {
  const { images: all, complete, anyUrl } = await images.list(signal);
  const deployable = all.filter((image) => image.obstacle === null && policy.allowsImage(image));
  const names = deployable.slice(0, 5).map(({ id, name }) => plain(name ?? id, 60));
  if (deployable.length > 0) {
    // What the list knows against an image, but for reasons why it cannot be deployed at all, is its lack of a checksum.
    const unchecked = deployable.filter(({ caveat }) => caveat !== null).length;
    const only = unchecked > 0 ? `, ${unchecked} of them only on servers that want no checksum` : '';
    const count = `${complete ? '' : 'at least '}${deployable.length} can be deployed${only}`;
    const detail = `${count}: ${names.join(', ')}${deployable.length > 5 ? ', …' : ''}`;
    if (unchecked < deployable.length) return { outcome: 'ok', detail };
    return {
      outcome: 'warning',
      detail,
      next: 'Give their checksums in IRONIC_MCP_IMAGE_CATALOG: servers with the deploy interface direct, the usual one, want one.',
    };
  }
  // Where a URL will do none needs a name.
  const outcome = anyUrl || !policy.allows('write') ? 'warning' : 'failed';
  if (all.length > 0) {
    return {
      outcome,
      detail: `none of ${all.length} can be deployed`,
      next: 'Look at IRONIC_MCP_IMAGES and at list_images, which says why not.',
    };
  }
  return {
    outcome,
    detail: 'none has a name here',
    next: anyUrl
      ? 'Name images, with their checksums, in IRONIC_MCP_IMAGE_CATALOG; the URL of one may be image_id too, but servers with the deploy interface direct take none by http or https without a checksum.'
      : 'Upload an image to Glance, or name one in IRONIC_MCP_IMAGE_CATALOG.',
  };
}

/**
 * Whether this user may reserve a server. Ironic looks at the rights before it looks at the patch, and the release of a
 * reservation that does not exist changes nothing.
 */
async function rightsOn({ release }: BareMetal, server: Server, signal: AbortSignal): Promise<Finding> {
  try {
    await release(server.id, { deploymentId: randomUUID(), attemptId: randomUUID() }, signal);
    return { outcome: 'ok', detail: 'this user may reserve servers' };
  } catch (error) {
    if (!(error instanceof Refused && error.refusal === 'forbidden')) throw error;
    return {
      outcome: 'failed',
      detail: `this user may not reserve ${displayName(server)}: ${error.words}`,
      next: 'Use a user who may set instance_uuid: an owner, an admin of the system, or whom the policy of Ironic names.',
    };
  }
}

/** The settings that only the command `http` has, where there are any. */
function httpIn({ token, hosts }: HttpConfig): readonly Finding[] {
  if (token === undefined && hosts.length === 0) return [];
  const callers = token === undefined ? 'whoever is on this machine may ask' : 'clients must send the token';
  const names = hosts.length > 0 ? `; by the names ${plain(hosts.join(', '), 200)} too` : '';
  return [{ outcome: 'ok', detail: `${callers}${names}` }];
}

/** What to do where the audit log cannot be written, by the code of the system call; else it is for want of rights. */
const remedies: Readonly<Record<string, string>> = {
  EISDIR: 'It is a folder; name a file in IRONIC_MCP_AUDIT_LOG',
  ENOENT: 'Make the folder that it is to be in, or name another file in IRONIC_MCP_AUDIT_LOG',
  ENOTDIR: 'It is to be in something that is no folder; name another file in IRONIC_MCP_AUDIT_LOG',
  ELOOP: 'It is a symbolic link, which somebody else may have put there; name the file itself in IRONIC_MCP_AUDIT_LOG',
  NOT_OURS: 'Another user made it in a folder where everybody may; name another file in IRONIC_MCP_AUDIT_LOG',
  WORLD_WRITABLE:
    'Every user of this machine can change it, or replace it; take that right from the file and its folders',
  ESPIPE: 'It is a named pipe, which keeps nothing; name a file in IRONIC_MCP_AUDIT_LOG',
};

async function auditLogAt(file: string): Promise<Finding> {
  try {
    await tryAuditLog(file);
    return { outcome: 'ok', detail: `${file} can be written` };
  } catch (error) {
    const code = systemCodeOf(error);
    return {
      outcome: 'failed',
      detail: `${file} cannot be written (${code})`,
      next: `${remedies[code] ?? 'Make it writable for this user'}: without it every change is refused.`,
    };
  }
}

const general =
  'Correct the setting that this names; if it names none, look whether that service is at this address, and well.';

function findingFrom(error: unknown, setBy: string | undefined): Finding {
  if (error instanceof Refused) return { outcome: 'failed', detail: error.words, next: nextAfter(error, setBy) };
  if (error instanceof NoAnswer) return { outcome: 'failed', detail: error.words, next: general };
  throw error;
}

function nextAfter({ refusal }: Refused, setBy: string | undefined): string {
  if (refusal === 'forbidden') return 'Look at the rights of this user.';
  // An address that goes on behind Ironic's own has parts of it taken for the names of servers.
  return refusal === 'not_found' && setBy !== undefined
    ? `Is there an Ironic at that address? Look at ${setBy}.`
    : general;
}

function verdictOn(ready: boolean, config: Config | undefined): string {
  if (!ready) return 'No deployment can be made yet.';
  return config?.policy.allows('write') ? 'A deployment can be made.' : 'It works; by its rules it deploys nothing.';
}

function asText(steps: readonly Step[], verdict: string, env: Record<string, string> | undefined): string {
  const width = Math.max(...steps.map(({ step }) => step.length));
  const lines = steps.flatMap(({ step, outcome, seconds, detail, next }) => [
    `${outcome.padEnd(7)}  ${step.padEnd(width)}  ${seconds.toFixed(2).padStart(6)} s  ${detail}`,
    ...(next && outcome !== 'ok' ? [`${' '.repeat(width + 21)}-> ${next}`] : []),
  ]);
  const block = env ? `\n\nFor the settings of an MCP client:\n${JSON.stringify({ env }, null, 2)}` : '';
  return `${lines.join('\n')}\n\n${verdict}${block}\n`;
}
