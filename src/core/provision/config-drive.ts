import { invalidArgument } from '../failures.js';
import type { ConfigDrive } from '../image.js';
import { NetworkData } from '../input/network-data.js';
import { zodMessages } from '../input/zod-messages.js';
import { configDriveMembers, type ProvisionRequest } from '../requests.js';
import { hostnamePattern, userNamePattern } from '../text/identifiers.js';
import { isObject } from '../text/json.js';
import { plain, quoted } from '../text/untrusted.js';

const members: readonly string[] = configDriveMembers;

// Ironic refuses JSON that is nested deeper (25 levels, of which our body takes a few).
const deepest = 20;

// What Ironic takes for the body of a deployment.
const largest = 64 * 1024 * 1024;

/** The first lines by which cloud-init and Ignition know what they are given. */
const knownUserData =
  /^(#cloud-config|#!|#include|#cloud-boothook|#part-handler|#upstart-job|## template:|Content-Type:|MIME-Version:|\s*\{\s*"ignition")/i;

type Json = Record<string, unknown>;

/**
 * Makes the config drive of a request: the caller's data, with host name and public keys added to the meta data.
 * Undefined if there is nothing to put in it.
 *
 * Ironic fills in only `uuid` and `name` of the meta data. It writes a user data object without its `#cloud-config` line,
 * and cloud-init would ignore that.
 */
export function configDriveOf(request: ProvisionRequest): ConfigDrive | undefined {
  const given = request.config_drive ?? {};
  if (depth(given, deepest + 1) > deepest)
    throw invalidArgument('config_drive', `is nested more than ${deepest} levels deep`);
  if (JSON.stringify(given).length > largest)
    throw invalidArgument('config_drive', 'is larger than 64 MiB, the most that Ironic accepts');
  const drive = members.some((member) => Object.hasOwn(given, member))
    ? ironicForm(given)
    : Object.keys(given).length > 0
      ? { user_data: cloudConfig(given) }
      : {};
  if (drive.network_data !== undefined && request.networks?.length) {
    throw invalidArgument('networks', 'cannot be combined with config_drive.network_data; pass only one of them');
  }
  const metaData = { ...drive.meta_data, ...hostName(request, drive), ...publicKeys(request, drive) };
  if (Object.keys(metaData).length > 0) return { ...drive, meta_data: metaData };
  return Object.keys(drive).length > 0 ? drive : undefined;
}

/** The host name that the meta data gives to the system; undefined if there is none. */
export function hostnameOf(drive: ConfigDrive | undefined): string | undefined {
  const { hostname, 'local-hostname': local } = drive?.meta_data ?? {};
  return [hostname, local].find((name): name is string => typeof name === 'string' && hostnamePattern.test(name));
}

/** The user that somebody can log in as: the image's, or the only one that the user data makes. Null if nobody knows. */
export function loginUserOf(drive: ConfigDrive | undefined, ofImage: string | null): string | null {
  if (!mayLogIn(drive)) return null;
  const userData = drive?.user_data ?? '';
  if (!/(^|[{,\s])["']?(users?|system_info)["']?\s*:/m.test(userData)) return ofImage;
  const { users = [], system_info: other } = cloudConfigIn(userData);
  const [only, ...more] = Array.isArray(users) ? users : [];
  const name = isObject(only) && more.length === 0 && other === undefined ? only.name : undefined;
  return typeof name === 'string' && userNamePattern.test(name) ? name : null;
}

/** The settings in user data that an object was written to. */
function cloudConfigIn(userData: string): Json {
  try {
    const settings: unknown = JSON.parse(userData.replace(/^#cloud-config\n/, ''));
    return isObject(settings) ? settings : {};
  } catch {
    return {};
  }
}

/** Warnings about a config drive that can be deployed, as sentences. */
export function warningsAbout(drive: ConfigDrive | undefined): string[] {
  const { user_data: userData } = drive ?? {};
  return [
    ...(mayLogIn(drive)
      ? []
      : ['Nobody may be able to log in, because the request has neither ssh_public_keys nor user data.']),
    ...(userData && !knownUserData.test(userData)
      ? ['cloud-init may ignore the user data, because it begins with neither "#cloud-config" nor "#!".']
      : []),
  ];
}

/** Whether anything in the config drive could let somebody log in. */
export function mayLogIn(drive: ConfigDrive | undefined): boolean {
  const { user_data: userData, vendor_data: vendorData, meta_data: metaData } = drive ?? {};
  return [userData, vendorData, metaData?.public_keys, metaData?.keys].some(holdsSomething);
}

function holdsSomething(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

function ironicForm(given: Json): ConfigDrive {
  const unknown = Object.keys(given).filter((key) => !members.includes(key));
  if (unknown.length > 0) {
    const names = unknown.slice(0, 8).map((key) => quoted(key, 60));
    throw invalidArgument(
      'config_drive',
      `${names.join(', ')} cannot be combined with ${members.join(', ')}; ` +
        'pass only these four members, or only cloud-init user data',
    );
  }
  const userData = given.user_data;
  return {
    ...(userData === undefined ? {} : { user_data: userDataText(userData) }),
    ...objectMember(given, 'meta_data'),
    ...networkData(given.network_data),
    ...objectMember(given, 'vendor_data'),
  };
}

function userDataText(userData: unknown): string {
  if (typeof userData === 'string') return userData;
  if (isObject(userData)) return cloudConfig(userData);
  throw invalidArgument('config_drive.user_data', 'must be a string or an object');
}

function objectMember<Name extends 'meta_data' | 'vendor_data'>(given: Json, name: Name) {
  const value = given[name];
  if (value === undefined) return {};
  if (!isObject(value)) throw invalidArgument(`config_drive.${name}`, 'must be an object');
  return { [name]: value };
}

function networkData(value: unknown): Pick<ConfigDrive, 'network_data'> {
  if (value === undefined) return {};
  if (!isObject(value)) throw invalidArgument('config_drive.network_data', 'must be an object');
  const result = NetworkData.safeParse(value, { error: zodMessages });
  if (result.success) return { network_data: result.data };
  const [issue] = result.error.issues;
  const path = ['config_drive', 'network_data', ...(issue?.path ?? [])].map(String).join('.');
  throw invalidArgument(plain(path, 120), plain(issue?.message ?? 'not valid', 200));
}

/** JSON is YAML, so this is a cloud-config document. */
function cloudConfig(userData: Json): string {
  return `#cloud-config\n${JSON.stringify(userData)}\n`;
}

function hostName({ hostname }: ProvisionRequest, drive: ConfigDrive): Json {
  if (hostname === undefined) return {};
  for (const key of ['hostname', 'local-hostname']) {
    const given = drive.meta_data?.[key];
    if (given !== undefined && given !== hostname) {
      throw invalidArgument('hostname', `differs from config_drive.meta_data.${key}; pass it once`);
    }
  }
  return { hostname };
}

function publicKeys({ ssh_public_keys: keys }: ProvisionRequest, drive: ConfigDrive): Json {
  if (keys === undefined || keys.length === 0) return {};
  const given = drive.meta_data?.public_keys;
  if (given !== undefined) {
    const same = isObject(given) && sameSet(Object.values(given), keys);
    if (!same)
      throw invalidArgument('ssh_public_keys', 'differ from config_drive.meta_data.public_keys; pass them once');
    return {};
  }
  return { public_keys: Object.fromEntries(keys.map((key, index) => [`key-${index}`, key])) };
}

function sameSet(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.every((item) => right.includes(item)) && right.every((item) => left.includes(item));
}

/** How deep a value is nested, counting no further than `limit`. */
function depth(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null || limit === 0) return 0;
  return 1 + Object.values(value).reduce<number>((most, item) => Math.max(most, depth(item, limit - 1)), 0);
}
