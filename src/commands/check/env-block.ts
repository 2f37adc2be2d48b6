import { resolve } from 'node:path';
import { knownVariables } from '../../config/openstack-reader.js';
import { proxyVariables } from '../../config/proxies.js';
import { filePath, flagOf, settings } from '../../config/settings.js';
import { withoutCredentials, withoutSecrets } from '../../core/text/image-ref.js';
import type { Io } from '../io.js';

const secretName = /(PASSWORD|SECRET|TOKEN|PASSCODE)(?!_FILE$)/;

/** Variables that hold a path. A client starts us in another folder, so the block shows absolute paths. */
const paths = new Set<string>([
  ...Object.values(settings).flatMap(({ variable, wants }) => (wants === filePath.wants ? [variable] : [])),
  ...['OS_CLIENT_CONFIG_FILE', 'OS_CLIENT_SECURE_FILE', 'OS_CACERT', 'OS_CERT', 'OS_KEY'],
]);

/** The block shows only these variables. Any other may hold a secret. */
const known = new Set([
  ...knownVariables,
  ...proxyVariables,
  ...Object.values(settings).map(({ variable }) => variable),
  'IRONIC_MCP_HTTP_TOKEN',
]);

/**
 * The settings of this call for the configuration of an MCP client. Clients pass on few variables of their own.
 * @param files The files that were found without a setting, by variable.
 */
export function envBlock(
  env: Io['env'],
  flags: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const own = Object.entries(env).filter(([name, value]) => known.has(name) && value);
  const variables = Object.entries(settings).map(([name, { variable }]) => [flagOf(name), variable] as const);
  const flagged = [...variables, ['cloud', 'OS_CLOUD'] as const].flatMap(([flag, variable]) =>
    flags[flag] === undefined ? [] : [[variable, flags[flag]] as const],
  );
  return Object.fromEntries(
    [...Object.entries(files).filter(([, file]) => file), ...own, ...flagged].map(([name, value]) => [
      name,
      shownIn(name, String(value)),
    ]),
  );
}

function shownIn(name: string, value: string): string {
  if (secretName.test(name)) return '(put the secret here)';
  if (/_URL$|ENDPOINT|_PROXY$/i.test(name))
    return value.includes('://') ? withoutCredentials(value) : withoutSecrets(value);
  return paths.has(name) && !value.startsWith('~') ? resolve(value) : value;
}
