import * as z from 'zod';
import { deadlines } from '../core/async/retry.js';

/** When a reservation counts as left behind goes by it too. */
const longestRequest = deadlines.request / 1_000;

const seconds = z.coerce.number().min(0.1).max(longestRequest);

/** What those have in common that are true or false. As flags they stand alone. */
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
  wants: 'names or globs, with commas between them',
  placeholder: 'GLOB,GLOB',
} as const;

/** A name or an address; with a port it would never be the host that a client asks for. */
function isHost(text: string): boolean {
  return !text.includes(':') || URL.canParse(`http://[${text.replace(/^\[(.*)\]$/, '$1')}]`);
}

/** What those have in common that name a file. */
export const filePath = {
  schema: z.string().min(1).optional(),
  wants: 'the path of a file',
  placeholder: 'FILE',
} as const;

/**
 * Our own settings: each is an environment variable and a flag. The help and the documents are made from it.
 * The placeholder stands for a flag's value in the help; null where the flag stands alone.
 */
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
  allow_vifs: {
    variable: 'IRONIC_MCP_ALLOW_VIFS',
    ...yesOrNo,
    meaning: 'provision_server may attach existing Neutron ports (`vifs`), whoever uses them',
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
    meaning: 'how many times faster than real time passes in the simulated cloud',
    schema: z.coerce.number().min(0.01).max(10_000).default(1),
    wants: 'a number, 0.01 to 10000',
    placeholder: 'FACTOR',
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
  settings_file: {
    variable: 'IRONIC_MCP_SETTINGS_FILE',
    meaning: 'holds more settings, one `NAME=value` on each line, which win over variables',
    ...filePath,
  },
  http_token_file: {
    variable: 'IRONIC_MCP_HTTP_TOKEN_FILE',
    meaning:
      'holds the token, of at least 16 characters, that clients of `http` must send as bearer; needed to listen beyond this machine',
    ...filePath,
  },
  http_hosts: {
    variable: 'IRONIC_MCP_HTTP_HOSTS',
    meaning: 'names of this host by which clients of `http` may ask',
    schema: z
      .string()
      .regex(/^[\w.:[\]-]+(, *[\w.:[\]-]+)*$/)
      .transform((list) => list.split(/, */))
      .refine((hosts) => hosts.every(isHost))
      .default([]),
    wants: 'host names without ports, with commas between them',
    placeholder: 'NAME,NAME',
  },
} as const;

/** What a setting is when nobody sets it, as text; empty if that is nothing. */
export function withoutIt({ schema }: (typeof settings)[keyof typeof settings]): string {
  return String(schema.safeParse(undefined).data ?? '');
}

/** The flag of a setting, without its dashes. */
export const flagOf = (name: string) => name.replaceAll('_', '-');
