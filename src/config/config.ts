import { parseEnv } from 'node:util';
import type * as z from 'zod';
import { createPolicy, type Policy } from '../core/policy.js';
import { nearest } from '../core/text/nearest.js';
import { systemCodeOf } from '../core/text/system-code.js';
import { plain } from '../core/text/untrusted.js';
import type { Catalogue } from '../local/catalogue.js';
import type { AccountAuth, CallerAuth } from '../openstack/credentials.js';
import { ConfigError } from './errors.js';
import type { Resolved } from './openstack.js';
import { flagOf, settings } from './settings.js';

/** A cloud that this program signs in to with one account. */
export type RealCloud = { readonly kind: 'ironic' } & Resolved<AccountAuth>;

/** A cloud that each caller signs in to. */
export type CallerCloud = { readonly kind: 'callers' } & Resolved<CallerAuth>;

/** The cloud that the settings name. */
export type Cloud = { readonly kind: 'simulator' } | RealCloud;

/** The settings, checked, without the cloud. */
export type Rules = Awaited<ReturnType<typeof rulesIn>>;

/** All settings, checked. */
export type Config = Rules & { readonly cloud: Cloud };

/** The same for commands that can let each caller sign in. */
export type ServerConfig = Rules & { readonly cloud: Cloud | CallerCloud };

type Env = Readonly<Record<string, string | undefined>>;
type Given = Readonly<Record<string, unknown>>;

/**
 * Reads the settings from flags and environment; a flag wins.
 *
 * Without any `OS_*` variable the cloud is simulated. With one it is a real cloud or an error, never silently the
 * simulator.
 *
 * @throws ConfigError
 */
export async function readConfig(given: Env, flags: Given): Promise<Config> {
  const { env, value } = await valuesFrom(given, flags);
  // First, because the advice about an account is another one if each caller signs in.
  if (value('http_sign_in') !== undefined) {
    throw new ConfigError(
      `${settings.http_sign_in.variable}=caller is for the command http: only there each caller can sign in. Remove it, and set the account of this program.`,
    );
  }
  return { cloud: await cloudOf(env, flags), ...(await rulesIn(value)) };
}

/**
 * The same for commands that can let each caller sign in. A fault in one of the two parts does not hide a fault in the other.
 * @throws ConfigError
 */
export async function readServerConfig(given: Env, flags: Given) {
  const { env, value } = await valuesFrom(given, flags);
  return {
    async config(): Promise<ServerConfig> {
      const callers = value('http_sign_in') !== undefined;
      const cloud = callers ? await callerCloudOf(env, flags) : await cloudOf(env, flags);
      return { cloud, ...(await rulesIn(value)) };
    },
    /** The settings that only the command `http` has. */
    http: () => httpConfigIn(env, value),
  };
}

async function valuesFrom(given: Env, flags: Given) {
  const env = await withSettingsFile(given, flags);
  refuseUnknown(env);
  return { env, value: valuesIn(env, flags) };
}

async function rulesIn(value: Value) {
  return {
    /** How many times faster than real time passes in the simulated cloud. */
    simulationSpeed: value('sim_speed'),
    /** Time limit of a request, in milliseconds. */
    requestTimeout: value('request_timeout') * 1_000,
    /** The images that the operator names, for clouds without Glance. */
    catalogue: await catalogueIn(value('image_catalog')),
    /** The file that records every change. */
    auditLog: value('audit_log'),
    /** How machines reach this program to report that they have booted. */
    bootReportUrl: value('boot_report_url'),
    /** The operator's rules. */
    policy: policyOf(value),
  };
}

/**
 * Reads the only setting of the command `simulator`.
 * @throws ConfigError
 */
export function readSimulationSpeed(env: Env, flags: Given): number {
  refuseUnknown(env);
  return valuesIn(env, flags)('sim_speed');
}

type Value = ReturnType<typeof valuesIn>;

function policyOf(value: Value): Policy {
  const allowDeprovision = value('allow_deprovision');
  const deprovisionForeign = value('deprovision_foreign');
  if (deprovisionForeign && !allowDeprovision) {
    throw new ConfigError('IRONIC_MCP_DEPROVISION_FOREIGN needs IRONIC_MCP_ALLOW_DEPROVISION.');
  }
  return createPolicy({
    readOnly: value('read_only'),
    allowDeprovision,
    deprovisionForeign,
    allowReboot: value('allow_reboot'),
    allowVifs: value('allow_vifs'),
    resourceClasses: value('resource_classes'),
    images: value('images'),
    networks: value('networks'),
    maxDeploying: value('max_deploying'),
  });
}

/** A misspelt rule would protect nobody, and nobody would notice. */
function refuseUnknown(env: Env): void {
  const known = new Set<string>([...Object.values(settings).map(({ variable }) => variable), 'IRONIC_MCP_HTTP_TOKEN']);
  const unknown = Object.keys(env).find((name) => name.startsWith('IRONIC_MCP_') && env[name] && !known.has(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  const meant = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new ConfigError(`There is no setting ${plain(unknown, 80)}.${meant}`);
}

export type HttpConfig = Awaited<ReturnType<typeof httpConfigIn>>;

async function httpConfigIn(env: Env, value: Value) {
  const file = value('http_token_file');
  const ready = env.IRONIC_MCP_HTTP_TOKEN || undefined;
  // Clients that know the other token would be refused, and nobody would know why.
  if (file !== undefined && ready !== undefined) {
    throw new ConfigError(
      'IRONIC_MCP_HTTP_TOKEN and IRONIC_MCP_HTTP_TOKEN_FILE (or --http-token-file) are both set; set only one of them.',
    );
  }
  const [source, token] =
    file === undefined
      ? ['IRONIC_MCP_HTTP_TOKEN', ready]
      : [`The file ${file}`, (await contentOf('token file', file)).trim()];
  if (token !== undefined && !/^[\x21-\x7e]{16,}$/.test(token)) {
    throw new ConfigError(`${source} must hold a token of at least 16 visible ASCII characters without spaces.`);
  }
  return {
    /** Every client must send it. */
    token,
    /** Host names under which clients may call, besides the addresses of this server. */
    hosts: value('http_hosts'),
    /** Whether a proxy in front ends TLS. */
    behindTls: behindTlsIn(value, source, token),
    bootReports: bootReportsIn(value),
  };
}

/** @param token What clients must send, and the setting that it comes from. */
function behindTlsIn(value: Value, source: string, token: string | undefined): boolean {
  const { http_sign_in: signIn, http_behind_tls: behindTls } = settings;
  const given = value('http_behind_tls');
  if (value('http_sign_in') === undefined) {
    if (given) throw new ConfigError(`${behindTls.variable} needs ${signIn.variable}=caller.`);
    return given;
  }
  const refused = (setting: string, why: string) =>
    new ConfigError(`${setting} and ${signIn.variable}=caller are both set, but ${why}. Remove one of the two.`);
  if (token !== undefined) throw refused(source, 'a request can carry only one of token and credential');
  for (const name of ['boot_report_url', 'boot_report_listen'] as const) {
    const { variable } = settings[name];
    if (value(name) !== undefined) throw refused(variable, 'to record a report, this program needs an account');
  }
  return given;
}

/** Where to receive boot reports; undefined if this process does not. */
function bootReportsIn(value: Value) {
  const url = value('boot_report_url');
  const listen = value('boot_report_listen');
  if (listen === undefined) return undefined;
  if (url === undefined) throw new ConfigError('IRONIC_MCP_BOOT_REPORT_LISTEN needs IRONIC_MCP_BOOT_REPORT_URL.');
  if (value('read_only')) {
    throw new ConfigError(
      'IRONIC_MCP_BOOT_REPORT_LISTEN writes reports to Ironic: remove it, or IRONIC_MCP_READ_ONLY.',
    );
  }
  // This program speaks no TLS, so with https the peer is a proxy.
  return { ...listen, seesMachines: url.startsWith('http:') };
}

/** The environment with the settings of a file on top. A bundle passes on `false` for every box that nobody ticked. */
async function withSettingsFile(env: Env, flags: Given): Promise<Env> {
  const file = valuesIn(env, flags)('settings_file');
  if (file === undefined) return env;
  const content = await contentOf('settings file', file);
  const values: Record<string, string> = {};
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    if (/^[ \t]*(#|$)/.test(line)) continue;
    // Line by line, so that an open quote cannot hide the rules below it. The line itself may hold a secret.
    const [[name = '', value = ''] = [], ...more] = Object.entries(parseEnv(line));
    if (more.length > 0 || !/^\w+$/.test(name) || /^["'`]/.test(value)) {
      throw new ConfigError(`Line ${index + 1} of the settings file ${file} is not NAME=value.`);
    }
    values[name] = value;
  }
  return { ...env, ...values };
}

async function contentOf(what: string, file: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = systemCodeOf(error, 'unreadable');
    throw new ConfigError(`The ${what} ${file} cannot be read (${code}).`);
  }
}

/** Reads one setting. Its flag wins over its variable. */
function valuesIn(env: Env, flags: Given) {
  return <Name extends keyof typeof settings>(name: Name): z.output<(typeof settings)[Name]['schema']> => {
    const { variable, schema, wants } = settings[name];
    const flag = flags[flagOf(name)];
    const result = schema.safeParse(flag ?? (env[variable] || undefined));
    if (!result.success)
      throw new ConfigError(`${flag === undefined ? variable : `--${flagOf(name)}`} must be ${wants}.`);
    return result.data as z.output<(typeof settings)[Name]['schema']>;
  };
}

async function catalogueIn(file: string | undefined): Promise<Catalogue> {
  if (file === undefined) return {};
  const { readCatalogue } = await import('../local/catalogue.js');
  try {
    return await readCatalogue(file);
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

/** The cloud to which each caller signs in. */
async function callerCloudOf(env: Env, flags: Given): Promise<CallerCloud> {
  const named = cloudNamed(env, flags);
  if (!isReal(named, env)) {
    throw new ConfigError(`${settings.http_sign_in.variable}=caller needs a Keystone: set OS_AUTH_URL, or OS_CLOUD.`);
  }
  const { resolveForCallers } = await import('./openstack.js');
  return { kind: 'callers', ...(await resolveForCallers(named, env)) };
}

/** The simulator if neither an `OS_*` variable nor `--cloud` is set, otherwise the real cloud. */
async function cloudOf(env: Env, flags: Given): Promise<Cloud> {
  const named = cloudNamed(env, flags);
  if (!isReal(named, env)) return { kind: 'simulator' };
  const { resolveOpenStack } = await import('./openstack.js');
  return { kind: 'ironic', ...(await resolveOpenStack(named, env)) };
}

function cloudNamed(env: Env, flags: Given): string | undefined {
  return typeof flags.cloud === 'string' ? flags.cloud : env.OS_CLOUD || undefined;
}

function isReal(named: string | undefined, env: Env): boolean {
  return named !== undefined || Object.keys(env).some((name) => name.startsWith('OS_') && env[name]);
}
