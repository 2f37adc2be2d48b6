import { isObject } from '../core/text/json.js';
import { withoutVersion } from '../openstack/credentials.js';
import type { CloudEntry } from './clouds-file.js';
import { ConfigError } from './errors.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Settings by their names in clouds.yaml, without sections. */
type Flat = Readonly<Record<string, unknown>>;

/** Variables that choose a cloud but do not describe it. */
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

/** The settings that are read, by their names in clouds.yaml. */
const settings = [
  ...['auth_type', 'auth_url', 'token', 'endpoint', 'region_name', 'interface', 'system_scope'],
  ...['username', 'user_id', 'user_domain_id', 'user_domain_name', 'password'],
  ...['project_id', 'project_name', 'project_domain_id', 'project_domain_name'],
  ...['domain_id', 'domain_name', 'default_domain', 'default_domain_id', 'default_domain_name'],
  ...['application_credential_id', 'application_credential_name', 'application_credential_secret'],
  ...['baremetal', 'image', 'network'].flatMap((service) => [`${service}_endpoint_override`, `${service}_interface`]),
  ...['cacert', 'cert', 'key', 'insecure', 'verify'],
];

/** The `OS_` variables that this program reads. Any other may be somebody's secret. */
export const knownVariables: ReadonlySet<string> = new Set([
  ...selectors,
  ...[...settings, ...Object.keys(aliases)].map((name) => `OS_${name.toUpperCase()}`),
]);

/** Reads settings and names them as the user wrote them. A wrong value is a `ConfigError`. */
export class Reader {
  constructor(
    private readonly flat: Flat,
    private readonly variables: Flat,
    private readonly entry: CloudEntry | undefined,
  ) {}

  text(key: string): string | undefined {
    const value = this.flat[key];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value === 'object') throw new ConfigError(`${this.named(key)} must be text.`);
    return String(value);
  }

  keys(): readonly string[] {
    return Object.keys(this.flat);
  }

  need(key: string, why: string): string {
    const value = this.text(key);
    if (value === undefined) throw new ConfigError(`${this.named(key)} is not set, but ${why}.`);
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
    const text = this.text(key)?.trim();
    if (text === undefined) return undefined;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || !/^https?:$/.test(url.protocol))
      throw new ConfigError(`${this.named(key)} must be an http or https URL.`);
    if (url.username || url.password)
      throw new ConfigError(`${this.named(key)} must not contain a user name or password.`);
    // Requests append their path to it.
    if (/[?#]/.test(text)) throw new ConfigError(`${this.named(key)} must not contain "?" or "#".`);
    return withoutVersion(text);
  }

  /** The name of a setting where the user would look for it. */
  named(key: string): string {
    if (!this.entry || key in this.variables) return `OS_${key.toUpperCase()}`;
    return `${key} of the cloud ${JSON.stringify(this.entry.name)} in ${this.entry.file}`;
  }
}

/** The settings in `OS_*` variables. */
export function flatEnv(env: Env): Flat {
  const own = Object.entries(env).filter(
    ([name, value]) => name.startsWith('OS_') && !selectors.includes(name) && value,
  );
  return renamed(Object.fromEntries(own.map(([name, value]) => [name.slice(3).toLowerCase(), value])));
}

/**
 * The settings of an entry in clouds.yaml, those of its section `auth` first. Of several regions it takes the wanted one,
 * or the first.
 *
 * @throws ConfigError
 */
export function flatEntry({ values, file, name }: CloudEntry, wanted: unknown): Flat {
  if (values.profile !== undefined || values.cloud !== undefined) {
    throw new ConfigError(
      `The cloud ${JSON.stringify(name)} in ${file} uses a vendor profile, which is not supported. Write its settings out.`,
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
  // Old files list regions in this way.
  return typeof flat.region_name === 'string' ? { ...flat, region_name: flat.region_name.split(',')[0] } : flat;
}

function renamed(values: Flat): Flat {
  const named = Object.entries(values).map(([key, value]) => [key.replaceAll('-', '_'), value] as const);
  const old = named.filter(([name]) => Object.hasOwn(aliases, name));
  // The newer name wins if both are set.
  return Object.fromEntries([...old.map(([name, value]) => [aliases[name] ?? name, value] as const), ...named]);
}

function asFlat(value: unknown): Flat {
  return isObject(value) ? value : {};
}
