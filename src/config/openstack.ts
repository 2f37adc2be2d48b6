import { homedir } from 'node:os';
import { plain } from '../core/text/untrusted.js';
import type {
  AccountAuth,
  CallerAuth,
  Identity,
  InDomain,
  KeystonePlace,
  Named,
  Scope,
} from '../openstack/credentials.js';
import { ConfigError } from './errors.js';
import { flatEntry, flatEnv, Reader } from './openstack-reader.js';
import { proxiesIn } from './proxies.js';
import { settings } from './settings.js';
import { tlsFrom } from './tls-files.js';

type Env = Readonly<Record<string, string | undefined>>;

export type Resolved<Auth> = Awaited<ReturnType<typeof resolved<Auth & Shown>>>;

/** The address that people read: Keystone's, or Ironic's if there is no Keystone. */
type Shown = { readonly authUrl: string } | { readonly endpoint: string };

/**
 * Resolves a cloud from `OS_*` variables and clouds.yaml, as `openstack` itself does. If a cloud is named, its entry
 * counts and variables override it. Otherwise only the variables count.
 *
 * @throws ConfigError
 */
export async function resolveOpenStack(cloudName: string | undefined, env: Env) {
  return resolved(cloudName, env, (reader): AccountAuth => authFrom(reader, strayIn(env)));
}

/**
 * The same for a cloud that each caller signs in to. No account may be set, because nobody would use it.
 * @throws ConfigError
 */
export async function resolveForCallers(cloudName: string | undefined, env: Env) {
  return resolved(cloudName, env, callersFrom);
}

async function resolved<Auth extends Shown>(cloudName: string | undefined, env: Env, signIn: (reader: Reader) => Auth) {
  const variables = flatEnv(env);
  const useFile = cloudName !== undefined || Object.keys(variables).length === 0;
  // YAML is loaded only for users with such a file.
  const entry = useFile ? await (await import('./clouds-file.js')).findCloud(cloudName, env) : undefined;
  const described = entry ? flatEntry(entry, variables.region_name) : {};
  const reader = new Reader({ ...described, ...variables }, variables, entry);
  const auth = signIn(reader);
  const tls = await tlsFrom(reader, env.HOME ?? homedir());
  const unchecked = `TLS certificates are not checked (${reader.named(reader.flag('insecure') ? 'insecure' : 'verify')}), so anybody between this machine and the cloud can read and change the traffic.`;
  return {
    /** Where the settings were found, for people. */
    source: entry ? `the cloud ${JSON.stringify(entry.name)} in ${entry.file}` : 'OS_* variables',
    /** The files that were read, by the variable that names each. */
    files: entry ? { OS_CLIENT_CONFIG_FILE: entry.file, OS_CLIENT_SECURE_FILE: entry.secureFile } : {},
    /** The cloud for people and agents: an address without secrets. */
    where: 'authUrl' in auth ? `the OpenStack cloud at ${auth.authUrl}` : `the Ironic at ${auth.endpoint}`,
    /** Sentences about what works but is risky. */
    warnings: tls?.verify === false ? [unchecked] : [],
    settings: {
      auth,
      /** Overrides the catalog. It does not end in a version. */
      baremetalEndpoint: reader.url('baremetal_endpoint_override'),
      imageEndpoint: reader.url('image_endpoint_override'),
      networkEndpoint: reader.url('network_endpoint_override'),
      /** Undefined if Node's own settings are enough. */
      tls,
      /** Undefined if there is no proxy. */
      proxyFor: proxiesIn(env),
    },
  };
}

/** Variables that describe a cloud or how to sign in. */
const ofOpenStack =
  /^OS_(AUTH|TOKEN|USER|USERNAME|PASSWORD|PROJECT|TENANT|DOMAIN|DEFAULT_DOMAIN|SYSTEM_SCOPE|APPLICATION_CREDENTIAL|ENDPOINT|BAREMETAL|IMAGE|NETWORK|REGION_NAME|INTERFACE|CACERT|CERT|KEY|INSECURE|VERIFY|CLOUD|CLIENT)(_|$)/;

/** A remark if the only variables set may have another purpose, such as `OS_NAME`. */
function strayIn(env: Env): string {
  const set = Object.keys(env).filter((name) => name.startsWith('OS_') && env[name]);
  if (set.length === 0 || set.some((name) => ofOpenStack.test(name))) return '';
  const [verb, them] = set.length === 1 ? ['is', 'it'] : ['are', 'them'];
  return ` ${plain(set.join(', '), 200)} ${verb} set, so the cloud is not simulated; unset ${them} to use the simulator.`;
}

/** @param stray A remark that follows if no setting says how to sign in. */
function authFrom(reader: Reader, stray: string): AccountAuth {
  const type = reader.text('auth_type') ?? (reader.text('token') ? 'token' : 'password');
  const why = `auth_type ${type} needs it`;
  switch (type) {
    case 'none':
    case 'None':
    case 'http_basic': {
      const endpoint = reader.url('baremetal_endpoint_override') ?? reader.url('endpoint');
      if (endpoint === undefined) {
        throw new ConfigError(
          `${reader.named('endpoint')} is not set. Set it to the URL of Ironic, e.g. http://127.0.0.1:6385.`,
        );
      }
      if (type !== 'http_basic') return { type: 'none', endpoint };
      return { type, endpoint, username: reader.need('username', why), password: reader.need('password', why) };
    }
    case 'password':
    case 'v3password': {
      if (reader.text('auth_url') === undefined && reader.text('auth_type') === undefined) {
        throw new ConfigError(
          `${reader.named('auth_url')} is not set. Set it to the URL of Keystone, or set ${reader.named('auth_type')} to "none" for an Ironic without sign-in.${stray}`,
        );
      }
      const user = userFrom(reader, why);
      const password = reader.need('password', why);
      return keystone(reader, why, { method: 'password', user, password }, scopeFrom(reader));
    }
    case 'token':
    case 'v3token':
      return keystone(reader, why, { method: 'token', token: reader.need('token', why) }, scopeFrom(reader));
    case 'v3applicationcredential': {
      const id = reader.text('application_credential_id');
      const credential =
        id === undefined
          ? {
              name: reader.need('application_credential_name', `${why}, or application_credential_id`),
              user: userFrom(reader, why),
            }
          : { id };
      const secret = reader.need('application_credential_secret', why);
      // Keystone refuses a scope with an application credential, which has its own.
      const scoped = ['project_id', 'project_name', 'domain_id', 'domain_name', 'system_scope'].find((key) =>
        reader.text(key),
      );
      if (scoped) {
        throw new ConfigError(
          `${reader.named(scoped)} must not be set with an application credential, which already belongs to a project.`,
        );
      }
      return keystone(reader, why, { method: 'application_credential', credential, secret }, 'own');
    }
    default:
      throw new ConfigError(
        `${reader.named('auth_type')} is ${JSON.stringify(type.slice(0, 40))}. It must be password, token, v3applicationcredential, http_basic or none.`,
      );
  }
}

function keystone(reader: Reader, why: string, identity: Identity, scope: Scope): AccountAuth {
  return { type: 'keystone', ...placeFrom(reader, why), identity, scope };
}

/** The settings of an account and its project. */
const ofAccount =
  /^(token|endpoint|user|username|password|project|domain|default_domain|system_scope|application_credential)(_|$)/;

function callersFrom(reader: Reader): CallerAuth {
  const setting = settings.http_sign_in.variable;
  const place = placeFrom(reader, `${setting}=caller needs it`);
  const type = reader.text('auth_type') ?? own;
  if (type !== own) {
    throw new ConfigError(
      `${reader.named('auth_type')} is ${JSON.stringify(type.slice(0, 40))}, but with ${setting}=caller it can only be ${own}. Remove it.`,
    );
  }
  const account = reader.keys().filter((key) => ofAccount.test(key) && reader.text(key) !== undefined);
  if (account.length === 0) return { type: 'caller', ...place };
  const named = account.map((key) => reader.named(key)).join(', ');
  throw new ConfigError(
    `${named} must not be set with ${setting}=caller, because each caller brings an account. Remove ${account.length === 1 ? 'it' : 'them'}.`,
  );
}

const own = 'v3applicationcredential';

function placeFrom(reader: Reader, why: string): KeystonePlace {
  reader.need('auth_url', why);
  return {
    authUrl: reader.url('auth_url') ?? '',
    region: reader.text('region_name'),
    interface: interfaceFrom(reader, 'interface') ?? 'public',
    // A service may have its own interface.
    baremetalInterface: interfaceFrom(reader, 'baremetal_interface'),
    imageInterface: interfaceFrom(reader, 'image_interface'),
    networkInterface: interfaceFrom(reader, 'network_interface'),
  };
}

function interfaceFrom(reader: Reader, key: string): string | undefined {
  return reader.text(key)?.replace(/URL$/, '');
}

function userFrom(reader: Reader, why: string): InDomain {
  const id = reader.text('user_id');
  if (id !== undefined) return { id };
  return { name: reader.need('username', `${why}, or user_id`), domain: domainFrom(reader, 'user_domain') };
}

/** The domain in the settings, or else Keystone's default domain. */
function domainFrom(reader: Reader, key: 'user_domain' | 'project_domain'): Named {
  // With a project, `domain` stands for the domains of both user and project. An id wins over a name.
  const given = namedBy(reader, 'project') ? [key, 'domain'] : [key];
  for (const prefixes of [given, ['domain'], ['default_domain']]) {
    const named = namedBy(reader, ...prefixes);
    if (named) return named;
  }
  return { id: reader.text('default_domain') ?? 'default' };
}

/** The first id that settings with these prefixes give, or else the first name. */
function namedBy(reader: Reader, ...prefixes: readonly string[]): Named | undefined {
  const first = (suffix: string) => prefixes.flatMap((prefix) => reader.text(`${prefix}_${suffix}`) ?? [])[0];
  const id = first('id');
  if (id !== undefined) return { id };
  const name = first('name');
  return name === undefined ? undefined : { name };
}

function scopeFrom(reader: Reader): Scope {
  const system = reader.text('system_scope');
  if (system !== undefined) {
    if (system !== 'all') throw new ConfigError(`${reader.named('system_scope')} must be "all".`);
    const other = ['project_id', 'project_name'].find((key) => reader.text(key) !== undefined);
    if (other !== undefined) {
      throw new ConfigError(
        `${reader.named('system_scope')} and ${reader.named(other)} are both set. A token is either for the system or for a project.`,
      );
    }
    return { system };
  }
  const project = namedBy(reader, 'project');
  if (project)
    return { project: 'id' in project ? project : { ...project, domain: domainFrom(reader, 'project_domain') } };
  const domain = namedBy(reader, 'domain');
  if (domain) return { domain };
  throw new ConfigError(
    `${reader.named('project_name')} is not set. A token must be for a project (project_name or project_id) or for the system (system_scope).`,
  );
}
