import { parseArgs } from 'node:util';
import * as z from 'zod';
import { ConfigError, UsageError } from './config/errors.js';
import type { Resolved } from './config/openstack.js';
import { createPolicy, type Policy } from './core/policy.js';
import { deadlines } from './core/retry.js';
import { plain } from './core/untrusted.js';
import type { Catalogue } from './local/catalogue.js';

/** Where servers come from. */
export type Cloud = { readonly kind: 'simulator' } | ({ readonly kind: 'ironic' } & Resolved);

/** Everything that can be set, checked. */
export interface Config {
  readonly cloud: Cloud;
  /** How many times faster than real time passes in the simulated cloud. */
  readonly simulationSpeed: number;
  /** Milliseconds that a request may take. */
  readonly requestTimeout: number;
  /** The images that the operator names, for clouds without Glance. */
  readonly catalogue: Catalogue;
  /** The file in which changes are recorded. */
  readonly auditLog: string | undefined;
  /** What the operator lets this program do. */
  readonly policy: Policy;
}

type Env = Readonly<Record<string, string | undefined>>;
type Given = Readonly<Record<string, unknown>>;

/** When a reservation counts as left behind goes by it too. */
const longestRequest = deadlines.request / 1_000;

const seconds = z.coerce.number().min(0.1).max(longestRequest);

/** Flags without a value are true. */
const yesOrNo = {
  schema: z
    .union([z.boolean(), z.stringbool({ truthy: ['true', '1', 'yes'], falsy: ['false', '0', 'no'] })])
    .default(false),
  wants: 'true or false',
} as const;

const patterns = {
  schema: z
    .string()
    .regex(/^[^\s,]+( *, *[^\s,]+)*$/)
    .transform((list) => list.split(/ *, */))
    .optional(),
  wants: 'names or globs, with commas between them',
} as const;

/** What those settings have in common that name a file. */
export const filePath = { schema: z.string().min(1).optional(), wants: 'the path of a file' } as const;

/** Our own settings: each is an environment variable and a flag. The documents are made from it. */
export const settings = {
  read_only: {
    variable: 'IRONIC_MCP_READ_ONLY',
    ...yesOrNo,
    meaning: 'nothing may be changed; the tools and routes that change something are not there',
  },
  allow_deprovision: {
    variable: 'IRONIC_MCP_ALLOW_DEPROVISION',
    ...yesOrNo,
    meaning: 'deployments of this program may be undeployed',
  },
  deprovision_foreign: {
    variable: 'IRONIC_MCP_DEPROVISION_FOREIGN',
    ...yesOrNo,
    meaning: 'those of others may be undeployed, too',
  },
  resource_classes: {
    variable: 'IRONIC_MCP_RESOURCE_CLASSES',
    ...patterns,
    meaning: 'only servers of these classes may be deployed',
  },
  images: {
    variable: 'IRONIC_MCP_IMAGES',
    ...patterns,
    meaning: 'only these images may be deployed, by name, id or URL',
  },
  max_deploying: {
    variable: 'IRONIC_MCP_MAX_DEPLOYING',
    meaning: 'so many deployments of this program may be in progress at once',
    schema: z.coerce.number().int().min(1).max(1_000).optional(),
    wants: 'a whole number, 1 to 1000',
  },
  request_timeout: {
    variable: 'IRONIC_MCP_REQUEST_TIMEOUT',
    meaning: 'how long one request to the cloud may take',
    schema: seconds.default(30),
    wants: `seconds, 0.1 to ${longestRequest}`,
  },
  sim_speed: {
    variable: 'IRONIC_MCP_SIM_SPEED',
    meaning: 'how many times faster than real time passes in the simulated cloud',
    schema: z.coerce.number().min(0.01).max(10_000).default(1),
    wants: 'a number, 0.01 to 10000',
  },
  image_catalog: {
    variable: 'IRONIC_MCP_IMAGE_CATALOG',
    meaning: 'images by name, where there is no Glance',
    ...filePath,
  },
  audit_log: {
    variable: 'IRONIC_MCP_AUDIT_LOG',
    meaning: 'where every change is recorded beforehand and afterwards, or else refused',
    ...filePath,
  },
  http_token_file: {
    variable: 'IRONIC_MCP_HTTP_TOKEN_FILE',
    meaning: 'holds the token that clients of `http` must send as bearer; needed to listen beyond this machine',
    ...filePath,
  },
  http_hosts: {
    variable: 'IRONIC_MCP_HTTP_HOSTS',
    meaning: 'names of this host by which clients of `http` may ask',
    schema: z
      .string()
      .regex(/^[\w.:[\]-]+(, *[\w.:[\]-]+)*$/)
      .transform((list) => list.split(/, */))
      .default([]),
    wants: 'host names without ports, with commas between them',
  },
} as const;

/** The flag of a setting, without its dashes. */
export const flagOf = (name: string) => name.replaceAll('_', '-');

/** The flags that every command takes, for `parseArgs`. */
const configFlags = Object.fromEntries(
  [...Object.keys(settings), 'cloud'].map((name) => {
    const isFlag = Object.hasOwn(settings, name) && settings[name as keyof typeof settings].wants === yesOrNo.wants;
    return [flagOf(name), { type: isFlag ? 'boolean' : 'string' } as const];
  }),
);

/**
 * Reads the settings from flags and environment; a flag wins.
 *
 * Without any `OS_*` variable it is the simulator. With one it is the real thing, or an error: never the simulator
 * in silence.
 *
 * @throws ConfigError
 */
export async function readConfig(env: Env, flags: Given): Promise<Config> {
  const value = valuesIn(env, flags);
  refuseUnknown(env);
  return {
    cloud: await cloudOf(env, flags),
    simulationSpeed: value('sim_speed'),
    requestTimeout: value('request_timeout') * 1_000,
    catalogue: await catalogueIn(value('image_catalog')),
    auditLog: value('audit_log'),
    policy: policyOf(value),
  };
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
    resourceClasses: value('resource_classes'),
    images: value('images'),
    maxDeploying: value('max_deploying'),
  });
}

/** A rule that is misspelt would protect nobody, and nobody would notice. */
function refuseUnknown(env: Env): void {
  const known = new Set<string>([...Object.values(settings).map(({ variable }) => variable), 'IRONIC_MCP_HTTP_TOKEN']);
  const unknown = Object.keys(env).find((name) => name.startsWith('IRONIC_MCP_') && env[name] && !known.has(name));
  if (unknown !== undefined) throw new ConfigError(`There is no setting ${plain(unknown, 80)}.`);
}

/** The settings of the HTTP face. */
export interface HttpConfig {
  /** Who wants to be served must send it. */
  readonly token: string | undefined;
  /** Names under which this server may be asked, beside its addresses. */
  readonly hosts: readonly string[];
}

/**
 * Reads the settings that only the HTTP face has.
 * @throws ConfigError
 */
export async function readHttpConfig(env: Env, flags: Given): Promise<HttpConfig> {
  const value = valuesIn(env, flags);
  const file = value('http_token_file');
  const [source, token] =
    file === undefined
      ? ['IRONIC_MCP_HTTP_TOKEN', env.IRONIC_MCP_HTTP_TOKEN || undefined]
      : [`The file ${file}`, await tokenIn(file)];
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new ConfigError(`${source} must hold a token of visible ASCII characters without spaces.`);
  }
  return { token, hosts: value('http_hosts') };
}

async function tokenIn(file: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new ConfigError(`The token file ${file} cannot be read (${code}).`);
  }
}

/** Reads single settings; a flag wins over the variable. */
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
  const { readCatalogue } = await import('./local/catalogue.js');
  try {
    return await readCatalogue(file);
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

/** Without any `OS_*` variable and without `--cloud` it is the simulator; never in silence instead of the real thing. */
async function cloudOf(env: Env, flags: Given): Promise<Cloud> {
  const named = typeof flags.cloud === 'string' ? flags.cloud : env.OS_CLOUD || undefined;
  const real = named !== undefined || Object.keys(env).some((name) => name.startsWith('OS_') && env[name]);
  if (!real) return { kind: 'simulator' };
  const { resolveOpenStack } = await import('./config/openstack.js');
  return { kind: 'ironic', ...(await resolveOpenStack(named, env)) };
}

type Flags = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

/**
 * Reads a command line.
 * @throws UsageError
 */
export function readArguments(args: readonly string[], options: Flags): Record<string, unknown> {
  try {
    return parseArgs({ args: [...args], options: { ...configFlags, ...options }, strict: true }).values;
  } catch (error) {
    const [sentence] = (error instanceof Error ? error.message : String(error)).split(/\.\s|\.?\n|\.$/);
    throw new UsageError(`${sentence}.`);
  }
}
