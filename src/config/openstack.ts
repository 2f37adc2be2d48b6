import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  type Auth,
  type Identity,
  type InDomain,
  type Named,
  type OpenStackSettings,
  type Scope,
  type Tls,
  withoutVersion,
} from '../openstack/credentials.js';
import type { CloudEntry } from './clouds-file.js';
import { ConfigError } from './errors.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Settings by their names in clouds.yaml, without its sections. */
type Flat = Readonly<Record<string, unknown>>;

/** Variables that choose a cloud but describe none. */
const selectors = ['OS_CLOUD', 'OS_CLIENT_CONFIG_FILE', 'OS_CLIENT_SECURE_FILE', 'OS_CLOUD_NAME'];

/** Older names of settings. */
const aliases: Readonly<Record<string, string>> = {
  auth_plugin: 'auth_type',
  auth_token: 'token',
  tenant_id: 'project_id',
  tenant_name: 'project_name',
  endpoint_type: 'interface',
  user_name: 'username',
};

/** The settings of OpenStack and the words by which an error can name one of them. */
export interface Resolved {
  readonly settings: OpenStackSettings;
  /** Where they were found, for people. */
  readonly source: string;
  /** The files that were read, by the variables that would name them. */
  readonly files: Readonly<Record<string, string | undefined>>;
  /** Which cloud it is, for people and agents: an address without any secret. */
  readonly where: string;
  /** What its user should know though it works; each is a sentence. */
  readonly warnings: readonly string[];
}

/**
 * Resolves a cloud from `OS_*` variables and clouds.yaml, as `openstack` itself does: with a cloud named, its entry
 * counts, and variables override it; without, the variables are all there is.
 *
 * @throws ConfigError
 */
export async function resolveOpenStack(cloudName: string | undefined, env: Env): Promise<Resolved> {
  const variables = flatEnv(env);
  const useFile = cloudName !== undefined || Object.keys(variables).length === 0;
  // Only who has such a file pays for reading YAML.
  const entry = useFile ? await (await import('./clouds-file.js')).findCloud(cloudName, env) : undefined;
  const described = entry ? flatEntry(entry, variables.region_name) : {};
  const reader = new Reader({ ...described, ...variables }, variables, entry);
  const auth = authFrom(reader);
  const tls = await tlsFrom(reader, env.HOME ?? homedir());
  const unchecked = `TLS certificates are not checked (${reader.named(reader.flag('insecure') ? 'insecure' : 'verify')}): whoever is on the way to the cloud can read and change what is sent.`;
  return {
    settings: {
      auth,
      baremetalEndpoint: reader.url('baremetal_endpoint_override'),
      imageEndpoint: reader.url('image_endpoint_override'),
      tls,
    },
    warnings: tls?.verify === false ? [unchecked] : [],
    where: auth.type === 'keystone' ? `the OpenStack cloud at ${auth.authUrl}` : `the Ironic at ${auth.endpoint}`,
    source: entry ? `the cloud ${JSON.stringify(entry.name)} in ${entry.file}` : 'OS_* variables',
    files: entry ? { OS_CLIENT_CONFIG_FILE: entry.file, OS_CLIENT_SECURE_FILE: entry.secureFile } : {},
  };
}

/** Reads settings, and names them as their user wrote them. */
class Reader {
  constructor(
    private readonly flat: Flat,
    private readonly variables: Flat,
    private readonly entry: CloudEntry | undefined,
  ) {}

  text(key: string): string | undefined {
    const value = this.flat[key];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value === 'object') throw new ConfigError(`${this.named(key)} must be a text.`);
    return String(value);
  }

  need(key: string, why: string): string {
    const value = this.text(key);
    if (value === undefined) throw new ConfigError(`${this.named(key)} is not set; ${why}.`);
    return value;
  }

  flag(key: string): boolean | undefined {
    const value = this.text(key)?.toLowerCase();
    if (value === undefined) return undefined;
    if (['true', '1', 'yes', 'on'].includes(value)) return true;
    if (['false', '0', 'no', 'off'].includes(value)) return false;
    throw new ConfigError(`${this.named(key)} must be true or false.`);
  }

  url(key: string): string | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || !/^https?:$/.test(url.protocol))
      throw new ConfigError(`${this.named(key)} must be an http or https URL.`);
    if (url.username || url.password)
      throw new ConfigError(`${this.named(key)} must not contain a user name or password.`);
    return withoutVersion(text);
  }

  /** A setting's name where its user would look for it. */
  named(key: string): string {
    if (!this.entry || key in this.variables) return `OS_${key.toUpperCase()}`;
    return `${key} of the cloud ${JSON.stringify(this.entry.name)} in ${this.entry.file}`;
  }
}

function flatEnv(env: Env): Flat {
  const own = Object.entries(env).filter(
    ([name, value]) => name.startsWith('OS_') && !selectors.includes(name) && value,
  );
  return renamed(Object.fromEntries(own.map(([name, value]) => [name.slice(3).toLowerCase(), value])));
}

/** The section `auth`, which wins, and what stands beside it in one; of several regions the wanted one, or the first. */
function flatEntry({ values, file, name }: CloudEntry, wanted: unknown): Flat {
  if (values.profile !== undefined || values.cloud !== undefined) {
    throw new ConfigError(
      `The cloud ${JSON.stringify(name)} in ${file} uses a vendor profile, which is not supported; write its settings out.`,
    );
  }
  const { auth, regions, ...beside } = values;
  const offered: Flat[] = (Array.isArray(regions) ? regions : []).map((region) =>
    typeof region === 'string' ? { name: region } : asFlat(region),
  );
  const region = wanted === undefined ? offered[0] : offered.find((each) => each.name === wanted);
  if (region === undefined && offered.length > 0) {
    throw new ConfigError(
      `OS_REGION_NAME is not a region of the cloud ${JSON.stringify(name)} in ${file}, which has: ${offered.map((each) => each.name).join(', ')}.`,
    );
  }
  const { auth: regionalAuth, ...regionalBeside }: Flat =
    region === undefined ? {} : { region_name: region.name, ...asFlat(region.values) };
  const flat = {
    ...renamed(beside),
    ...renamed(regionalBeside),
    ...renamed(asFlat(auth)),
    ...renamed(asFlat(regionalAuth)),
  };
  // An old way to list regions.
  return typeof flat.region_name === 'string' ? { ...flat, region_name: flat.region_name.split(',')[0] } : flat;
}

function renamed(values: Flat): Flat {
  const named = Object.entries(values).map(([key, value]) => [key.replaceAll('-', '_'), value] as const);
  const old = named.filter(([name]) => Object.hasOwn(aliases, name));
  // Where a setting stands under both names, the newer one counts.
  return Object.fromEntries([...old.map(([name, value]) => [aliases[name] ?? name, value] as const), ...named]);
}

function asFlat(value: unknown): Flat {
  return typeof value === 'object' && value !== null ? (value as Flat) : {};
}

function authFrom(reader: Reader): Auth {
  const type = reader.text('auth_type') ?? (reader.text('token') ? 'token' : 'password');
  switch (type) {
    case 'none':
    case 'None':
    case 'http_basic': {
      const endpoint = reader.url('baremetal_endpoint_override') ?? reader.url('endpoint');
      if (endpoint === undefined) {
        throw new ConfigError(
          `${reader.named('endpoint')} is not set; give the URL of Ironic, e.g. http://127.0.0.1:6385.`,
        );
      }
      if (type !== 'http_basic') return { type: 'none', endpoint };
      const why = 'auth_type http_basic needs it';
      return { type, endpoint, username: reader.need('username', why), password: reader.need('password', why) };
    }
    case 'password':
    case 'v3password': {
      const why = `auth_type ${type} needs it`;
      if (reader.text('auth_url') === undefined && reader.text('auth_type') === undefined) {
        throw new ConfigError(
          `${reader.named('auth_url')} is not set; give the URL of Keystone, or set ${reader.named('auth_type')} to "none" for an Ironic without sign-in.`,
        );
      }
      const identity = {
        method: 'password',
        user: userFrom(reader, why),
        password: reader.need('password', why),
      } as const;
      return keystone(reader, why, identity, scopeFrom(reader));
    }
    case 'token':
    case 'v3token': {
      const why = `auth_type ${type} needs it`;
      return keystone(reader, why, { method: 'token', token: reader.need('token', why) }, scopeFrom(reader));
    }
    case 'v3applicationcredential': {
      const why = `auth_type ${type} needs it`;
      const id = reader.text('application_credential_id');
      const credential =
        id === undefined
          ? {
              name: reader.need('application_credential_name', `${why}, or application_credential_id`),
              user: userFrom(reader, why),
            }
          : { id };
      const secret = reader.need('application_credential_secret', why);
      // Keystone refuses a scope beside an application credential: it has one of its own.
      const scoped = ['project_id', 'project_name', 'domain_id', 'domain_name', 'system_scope'].find((key) =>
        reader.text(key),
      );
      if (scoped) {
        throw new ConfigError(
          `${reader.named(scoped)} must not be set beside an application credential, which is bound to its project already.`,
        );
      }
      return keystone(reader, why, { method: 'application_credential', credential, secret }, 'own');
    }
    default:
      throw new ConfigError(
        `${reader.named('auth_type')} is ${JSON.stringify(type.slice(0, 40))}; it must be password, token, v3applicationcredential, http_basic or none.`,
      );
  }
}

function keystone(reader: Reader, why: string, identity: Identity, scope: Scope): Auth {
  reader.need('auth_url', why);
  return {
    type: 'keystone',
    authUrl: reader.url('auth_url') ?? '',
    identity,
    scope,
    region: reader.text('region_name'),
    interface: interfaceFrom(reader.text('interface') ?? 'public'),
    ...interfacesOfServices(reader),
  };
}

/** Services may have interfaces of their own. */
function interfacesOfServices(reader: Reader) {
  const [baremetal, image] = [reader.text('baremetal_interface'), reader.text('image_interface')];
  return {
    ...(baremetal === undefined ? {} : { baremetalInterface: interfaceFrom(baremetal) }),
    ...(image === undefined ? {} : { imageInterface: interfaceFrom(image) }),
  };
}

function interfaceFrom(text: string): string {
  return text.replace(/URL$/, '');
}

function userFrom(reader: Reader, why: string): InDomain {
  const id = reader.text('user_id');
  if (id !== undefined) return { id };
  return { name: reader.need('username', `${why}, or user_id`), domain: domainFrom(reader, 'user_domain') };
}

/** Where no domain is given it is Keystone's own default one. */
function domainFrom(reader: Reader, key: 'user_domain' | 'project_domain'): Named {
  // Beside a project, `domain` is short for the domains of both user and project; an id counts before a name.
  const isShort = reader.text('project_id') !== undefined || reader.text('project_name') !== undefined;
  const given = isShort ? [key, 'domain'] : [key];
  for (const prefixes of [given, ['domain'], ['default_domain']]) {
    const ids = prefixes.map((prefix) => reader.text(`${prefix}_id`));
    const names = prefixes.map((prefix) => reader.text(`${prefix}_name`));
    const id = ids.find((each) => each !== undefined);
    if (id !== undefined) return { id };
    const name = names.find((each) => each !== undefined);
    if (name !== undefined) return { name };
  }
  return { id: reader.text('default_domain') ?? 'default' };
}

function scopeFrom(reader: Reader): Scope {
  const system = reader.text('system_scope');
  if (system !== undefined) {
    if (system !== 'all') throw new ConfigError(`${reader.named('system_scope')} must be "all".`);
    const other = ['project_id', 'project_name'].find((key) => reader.text(key) !== undefined);
    if (other !== undefined) {
      throw new ConfigError(
        `${reader.named('system_scope')} and ${reader.named(other)} are both set; a token is either for the system or for a project.`,
      );
    }
    return { system };
  }
  const projectId = reader.text('project_id');
  if (projectId !== undefined) return { project: { id: projectId } };
  const projectName = reader.text('project_name');
  if (projectName !== undefined) {
    return { project: { name: projectName, domain: domainFrom(reader, 'project_domain') } };
  }
  const domainId = reader.text('domain_id');
  if (domainId !== undefined) return { domain: { id: domainId } };
  const domainName = reader.text('domain_name');
  if (domainName !== undefined) return { domain: { name: domainName } };
  throw new ConfigError(
    `${reader.named('project_name')} is not set; a token must be for a project (project_name or project_id) or for the system (system_scope).`,
  );
}

async function tlsFrom(reader: Reader, home: string): Promise<Tls | undefined> {
  const [ca, cert, key] = await Promise.all(['cacert', 'cert', 'key'].map((name) => fileIn(reader, name, home)));
  const verify = reader.flag('insecure') === true ? false : (reader.flag('verify') ?? true);
  if (key !== undefined && cert === undefined) {
    throw new ConfigError(`${reader.named('cert')} is not set; it belongs to ${reader.named('key')}.`);
  }
  if (ca === undefined && cert === undefined && verify) return undefined;
  return { ca, cert, key, verify };
}

async function fileIn(reader: Reader, key: string, home: string): Promise<string | undefined> {
  const named = reader.text(key);
  if (named === undefined) return undefined;
  const file = named.startsWith('~/') ? join(home, named.slice(2)) : named;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new ConfigError(`The file ${file} that ${reader.named(key)} names cannot be read (${code}).`);
  }
}
