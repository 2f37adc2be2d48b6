import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isObject } from '../core/text/json.js';
import { parseYamlOfTexts } from '../local/yaml.js';
import { ConfigError } from './errors.js';

type Env = Readonly<Record<string, string | undefined>>;
type Json = Record<string, unknown>;

/** One entry of a clouds.yaml, merged with its entry in secure.yaml. */
export interface CloudEntry {
  readonly name: string;
  readonly file: string;
  /** The secure.yaml that was read. */
  readonly secureFile: string | undefined;
  readonly values: Readonly<Json>;
}

/**
 * Finds a cloud as OpenStack's own tools do (openstacksdk, "Configuring OpenStack SDK Applications"). It reads the file
 * that `OS_CLIENT_CONFIG_FILE` names, or else `clouds.yaml`, `.yml` or `.json` in `~/.config/openstack` and
 * `/etc/openstack`. It finds `secure.yaml` the same way.
 *
 * Unlike those tools it does not search the working directory, because an MCP client may start us in a repository that
 * somebody else wrote. For the same reason a file outside these folders gets only the secrets beside it.
 *
 * @param name Undefined if the file has only one cloud.
 * @throws ConfigError
 */
export async function findCloud(name: string | undefined, env: Env): Promise<CloudEntry> {
  const folders = foldersIn(env);
  const found = await firstFile('clouds', env.OS_CLIENT_CONFIG_FILE, folders);
  if (!found) {
    const wanted = name === undefined ? '' : ` that defines the cloud ${JSON.stringify(name)}`;
    throw new ConfigError(
      `No clouds.yaml${wanted} was found in ~/.config/openstack or /etc/openstack. If it is elsewhere, even in the working directory, set OS_CLIENT_CONFIG_FILE.`,
    );
  }
  const folder = dirname(resolve(found.file));
  const isOurs = folders.some((each) => resolve(each) === folder);
  const secure = await firstFile('secure', env.OS_CLIENT_SECURE_FILE, isOurs ? folders : [folder]);
  const clouds = cloudsIn(found);
  const names = Object.keys(clouds);
  const chosen = name ?? (names.length === 1 ? names[0] : undefined);
  if (chosen === undefined) {
    throw new ConfigError(
      `${found.file} defines ${names.length} clouds. Choose one with OS_CLOUD or --cloud: ${names.join(', ')}.`,
    );
  }
  if (!Object.hasOwn(clouds, chosen)) {
    throw new ConfigError(
      `The cloud ${JSON.stringify(chosen)} is not defined in ${found.file}, which has: ${names.join(', ') || 'none'}.`,
    );
  }
  const secrets = secure ? cloudsIn(secure) : {};
  const own = Object.hasOwn(secrets, chosen) ? secrets[chosen] : {};
  const values = merged(asObject(clouds[chosen]), asObject(own));
  return { name: chosen, file: found.file, secureFile: secure?.file, values };
}

interface Document {
  readonly file: string;
  readonly content: unknown;
}

/** Folders that only the user and the administrator of this machine can write. */
function foldersIn(env: Env): readonly string[] {
  const own = join(env.HOME || homedir(), '.config');
  const configs = [...new Set([env.XDG_CONFIG_HOME || own, own])].map((folder) => join(folder, 'openstack'));
  return [...configs, '/etc/openstack'];
}

async function firstFile(
  kind: string,
  named: string | undefined,
  folders: readonly string[],
): Promise<Document | undefined> {
  const files = folders.flatMap((folder) => ['yaml', 'yml', 'json'].map((ending) => join(folder, `${kind}.${ending}`)));
  for (const file of named ? [named, ...files] : files) {
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ENOENT' || code === 'ENOTDIR') {
        if (file !== named) continue;
        throw new ConfigError(
          `The file ${file} that OS_CLIENT_${kind === 'clouds' ? 'CONFIG' : 'SECURE'}_FILE names does not exist.`,
        );
      }
      throw new ConfigError(`The file ${file} cannot be read (${String(code)}).`);
    }
    return { file, content: parsed(file, text) };
  }
  return undefined;
}

function parsed(file: string, text: string): unknown {
  try {
    return parseYamlOfTexts(text);
  } catch (error) {
    throw new ConfigError(`The file ${file} is not valid YAML: ${error instanceof Error ? error.message : error}.`);
  }
}

function cloudsIn({ file, content }: Document): Json {
  const clouds = asObject(asObject(content).clouds);
  if (Object.keys(clouds).length === 0) throw new ConfigError(`The file ${file} defines no clouds.`);
  return clouds;
}

function merged(base: Json, over: Json): Json {
  const result = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = result[key];
    result[key] = isObject(old) && isObject(value) ? merged(old, value) : value;
  }
  return result;
}

function asObject(value: unknown): Json {
  return isObject(value) ? value : {};
}
