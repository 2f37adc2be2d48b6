import type { Caller } from './call.js';

/** Who reads a text: each knows the operations by other names. */
export type Face = Caller['face'];

/** How each face calls the operations. A test holds it against their table. */
export const operationNames = {
  provision: { mcp: 'provision_server', rest: 'POST /provision', library: 'provision()' },
  status: { mcp: 'check_provision_status', rest: 'GET /provision/{operation_id}', library: 'status()' },
  servers: { mcp: 'list_servers', rest: 'GET /servers', library: 'servers()' },
  images: { mcp: 'list_images', rest: 'GET /images', library: 'images()' },
  deprovision: {
    mcp: 'deprovision_server',
    rest: 'DELETE /provision/{operation_id}',
    library: "call('deprovision_server')",
  },
} as const satisfies Readonly<Record<string, Readonly<Record<Face, string>>>>;

type OperationKey = keyof typeof operationNames;

// Private characters, which no text of others has: `plain` takes them out.
const [open, close] = ['\ue000', '\ue001'];
const reference = new RegExp(`${open}(\\w+)${close}`, 'g');

/** An operation in a text: whoever shows the text writes its name, by `writtenFor`. */
export function op(key: OperationKey): string {
  return `${open}${key}${close}`;
}

/** A text with the operations in it as the readers of a face know them. */
export function writtenFor(face: Face, text: string): string {
  const names: Readonly<Record<string, Readonly<Record<Face, string>>>> = operationNames;
  return text.replace(reference, (_, key) => names[key]?.[face] ?? key);
}

type SettingKey =
  | 'read_only'
  | 'allow_deprovision'
  | 'deprovision_foreign'
  | 'allow_vifs'
  | 'resource_classes'
  | 'images'
  | 'max_deploying';

/** A setting of the operator, by the name of its variable. */
export function setting(key: SettingKey): string {
  return `IRONIC_MCP_${key.toUpperCase()}`;
}
