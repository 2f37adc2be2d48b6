import { settings } from '../src/config/settings.js';

/** How an MCP client starts the server. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
}

/** The server's name in a client. */
export const serverName = 'ironic';

export const byNpx: Launch = { command: 'npx', args: ['-y', 'ironic-mcp'] };

/** On Windows npx is a script, and only a shell can start it. */
export const byNpxOnWindows: Launch = { command: 'cmd', args: ['/c', byNpx.command, ...byNpx.args] };

export const fromCheckout: Launch = { command: 'node', args: ['/path/to/ironic-mcp/bin/ironic-mcp.js'] };

/** A setting that a launcher can ask its user for. */
export interface LaunchSetting {
  readonly variable: string;
  readonly title: string;
  readonly meaning: string;
  readonly secret?: true;
  readonly yesOrNo?: true;
}

const openStack: readonly LaunchSetting[] = [
  { variable: 'OS_CLOUD', title: 'Cloud', meaning: 'an entry of your clouds.yaml, which then holds everything else' },
  {
    variable: 'OS_CLIENT_CONFIG_FILE',
    title: 'clouds.yaml',
    meaning: 'its path, if it is not where OpenStack expects it',
  },
  {
    variable: 'OS_AUTH_TYPE',
    title: 'Authentication',
    meaning: 'none (Bifrost), http_basic, v3applicationcredential, password or token',
  },
  {
    variable: 'OS_ENDPOINT',
    title: 'Ironic URL',
    meaning: 'for none and http_basic, for example http://ironic.example.org:6385',
  },
  {
    variable: 'OS_AUTH_URL',
    title: 'Keystone URL',
    meaning: 'for the other kinds, for example https://keystone.example.org/v3',
  },
  { variable: 'OS_APPLICATION_CREDENTIAL_ID', title: 'Application credential', meaning: 'its id' },
  {
    variable: 'OS_APPLICATION_CREDENTIAL_SECRET',
    title: 'Secret of the application credential',
    meaning: 'as Keystone showed it once',
    secret: true,
  },
  { variable: 'OS_USERNAME', title: 'User', meaning: 'for password and http_basic' },
  { variable: 'OS_PASSWORD', title: 'Password', meaning: 'for password and http_basic', secret: true },
  { variable: 'OS_TOKEN', title: 'Token', meaning: 'for token', secret: true },
  { variable: 'OS_PROJECT_NAME', title: 'Project', meaning: 'its name' },
  { variable: 'OS_USER_DOMAIN_NAME', title: 'Domain of the user', meaning: 'its name, for example Default' },
  { variable: 'OS_PROJECT_DOMAIN_NAME', title: 'Domain of the project', meaning: 'its name, for example Default' },
  { variable: 'OS_REGION_NAME', title: 'Region', meaning: 'if the cloud has several' },
  { variable: 'OS_CACERT', title: 'CA certificates', meaning: 'the path of a file, if the cloud has its own CA' },
];

/** The settings for a server on stdio, without the settings of other commands. */
export const launchSettings: readonly LaunchSetting[] = [
  ...openStack,
  ...Object.entries(settings).flatMap(([name, { variable, meaning, wants, placeholder }]) => {
    if (name.startsWith('http_')) return [];
    const title = name.replaceAll('_', ' ').replace(/^./, (letter) => letter.toUpperCase());
    const isYesOrNo = placeholder === null;
    return [{ variable, title, meaning: `${meaning} (${wants})`, ...(isYesOrNo ? { yesOrNo: true as const } : {}) }];
  }),
];
