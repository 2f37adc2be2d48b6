import * as z from 'zod';
import { deadlines } from '../core/async/retry.js';

/** The age at which a reservation counts as left behind depends on this limit. */
const longestRequest = deadlines.request / 1_000;

const seconds = z.coerce.number().min(0.1).max(longestRequest);

/** A setting that is true or false. Its flag takes no value. */
const yesOrNo = {
  schema: z
    .union([z.boolean(), z.stringbool({ truthy: ['true', '1', 'yes'], falsy: ['false', '0', 'no'] })])
    .default(false),
  wants: 'true or false',
  placeholder: null,
} as const;

const patterns = {
  schema: z
    .string()
    .regex(/^[^\s,]+( *, *[^\s,]+)*$/)
    .transform((list) => list.split(/ *, */))
    .optional(),
  wants: 'names or globs, separated by commas',
  placeholder: 'GLOB,GLOB',
} as const;

/** A name or an address. With a port it would never equal the host that a client asks for. */
function isHost(text: string): boolean {
  return !text.includes(':') || URL.canParse(`http://[${text.replace(/^\[(.*)\]$/, '$1')}]`);
}

/** Where a path can be added: http or https, without login, query and fragment. */
function isBaseUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && !/[?#]|\/\/[^/]*@/.test(text);
}

/** A setting that names a file. */
export const filePath = {
  schema: z.string().min(1).optional(),
  wants: 'the path of a file',
  placeholder: 'FILE',
} as const;

/**
 * The settings of this program. Each is an environment variable and a flag. The help and the documents are made from
 * them. The placeholder stands for the flag's value in the help; null if the flag takes no value.
 */
export const settings = {
  read_only: {
    variable: 'IRONIC_MCP_READ_ONLY',
    ...yesOrNo,
    meaning: 'offer only tools and routes that change nothing',
  },
  allow_deprovision: {
    variable: 'IRONIC_MCP_ALLOW_DEPROVISION',
    ...yesOrNo,
    meaning: 'allow undeploying what this program deployed',
  },
  deprovision_foreign: {
    variable: 'IRONIC_MCP_DEPROVISION_FOREIGN',
    ...yesOrNo,
    meaning: 'allow undeploying what others deployed as well',
  },
  allow_reboot: {
    variable: 'IRONIC_MCP_ALLOW_REBOOT',
    ...yesOrNo,
    meaning: 'allow rebooting what this program deployed',
  },
  allow_vifs: {
    variable: 'IRONIC_MCP_ALLOW_VIFS',
    ...yesOrNo,
    meaning: 'allow attaching any Neutron port, used or not',
  },
  resource_classes: {
    variable: 'IRONIC_MCP_RESOURCE_CLASSES',
    ...patterns,
    meaning: 'deploy only on servers of these classes',
  },
  images: {
    variable: 'IRONIC_MCP_IMAGES',
    ...patterns,
    meaning: 'deploy only these images, by name, id or URL',
  },
  networks: {
    variable: 'IRONIC_MCP_NETWORKS',
    ...patterns,
    meaning: 'use only these Neutron networks, by name or id',
  },
  max_deploying: {
    variable: 'IRONIC_MCP_MAX_DEPLOYING',
    meaning: 'how many deployments may run at once',
    schema: z.coerce.number().int().min(1).max(1_000).optional(),
    wants: 'a whole number, 1 to 1000',
    placeholder: 'N',
  },
  request_timeout: {
    variable: 'IRONIC_MCP_REQUEST_TIMEOUT',
    meaning: 'how long one request to the cloud may take',
    schema: seconds.default(30),
    wants: `seconds, 0.1 to ${longestRequest}`,
    placeholder: 'SECONDS',
  },
  sim_speed: {
    variable: 'IRONIC_MCP_SIM_SPEED',
    meaning: 'how many times faster simulated time passes',
    schema: z.coerce.number().min(0.01).max(10_000).default(1),
    wants: 'a number, 0.01 to 10000',
    placeholder: 'FACTOR',
  },
  image_catalog: {
    variable: 'IRONIC_MCP_IMAGE_CATALOG',
    meaning: 'images by name, for clouds without Glance',
    ...filePath,
  },
  audit_log: {
    variable: 'IRONIC_MCP_AUDIT_LOG',
    meaning: 'record every change here; refuse what cannot be',
    ...filePath,
  },
  boot_report_url: {
    variable: 'IRONIC_MCP_BOOT_REPORT_URL',
    meaning: 'where machines report that they have booted',
    schema: z
      .string()
      .refine(isBaseUrl)
      .transform((url) => url.replace(/\/+$/, ''))
      .optional(),
    wants: 'an http or https URL without login and query',
    placeholder: 'URL',
  },
  boot_report_listen: {
    variable: 'IRONIC_MCP_BOOT_REPORT_LISTEN',
    meaning: 'where `http` receives the reports of machines that have booted',
    schema: z
      .string()
      .regex(/^(\[[\da-f:.]+\]|[\w.-]+):\d{1,5}$/i)
      .transform((text) => ({
        host: text.slice(0, text.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1'),
        port: Number(text.slice(text.lastIndexOf(':') + 1)),
      }))
      .refine(({ port }) => port <= 65_535)
      .optional(),
    wants: 'an address and a port, e.g. 0.0.0.0:7386',
    placeholder: 'HOST:PORT',
  },
  settings_file: {
    variable: 'IRONIC_MCP_SETTINGS_FILE',
    meaning: '`NAME=value` lines, which win over variables',
    ...filePath,
  },
  http_token_file: {
    variable: 'IRONIC_MCP_HTTP_TOKEN_FILE',
    meaning:
      'the bearer token, of at least 16 characters, that clients of `http` must send; required to listen beyond this machine',
    ...filePath,
  },
  http_hosts: {
    variable: 'IRONIC_MCP_HTTP_HOSTS',
    meaning: 'more host names that clients of `http` may use',
    schema: z
      .string()
      .regex(/^[\w.:[\]-]+(, *[\w.:[\]-]+)*$/)
      .transform((list) => list.split(/, */))
      .refine((hosts) => hosts.every(isHost))
      .default([]),
    wants: 'host names without ports, separated by commas',
    placeholder: 'NAME,NAME',
  },
  http_sign_in: {
    variable: 'IRONIC_MCP_HTTP_SIGN_IN',
    meaning: 'with `caller`, each client of `http` signs in with an application credential of its own',
    schema: z.literal('caller').optional(),
    wants: '`caller`, or unset',
    placeholder: 'caller',
  },
  http_behind_tls: {
    variable: 'IRONIC_MCP_HTTP_BEHIND_TLS',
    ...yesOrNo,
    meaning: 'a proxy in front of `http` ends TLS; with own credentials, required to listen beyond this machine',
  },
} as const;

/** The default of a setting as text; empty if it has none. */
export function withoutIt({ schema }: (typeof settings)[keyof typeof settings]): string {
  return String(schema.safeParse(undefined).data ?? '');
}

/** The flag of a setting, without its leading dashes. */
export const flagOf = (name: string) => name.replaceAll('_', '-');
