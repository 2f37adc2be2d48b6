import type { Caller } from './call.js';

/** The reader of a text. Each face has its own names for the operations. */
export type Face = Caller['face'];

/** The names of the operations on each face. A test compares them with the table of operations. */
export const operationNames = {
  provision: { mcp: 'provision_server', rest: 'POST /provision', library: 'provision()' },
  status: { mcp: 'check_provision_status', rest: 'GET /provision/{operation_id}', library: 'status()' },
  servers: { mcp: 'list_servers', rest: 'GET /servers', library: 'servers()' },
  diagnose: {
    mcp: 'diagnose_server',
    rest: 'GET /servers/{server_id}/diagnosis',
    library: "call('diagnose_server')",
  },
  images: { mcp: 'list_images', rest: 'GET /images', library: 'images()' },
  deprovision: {
    mcp: 'deprovision_server',
    rest: 'DELETE /provision/{operation_id}',
    library: "call('deprovision_server')",
  },
  reboot: {
    mcp: 'reboot_server',
    rest: 'POST /provision/{operation_id}/reboot',
    library: "call('reboot_server')",
  },
} as const satisfies Readonly<Record<string, Readonly<Record<Face, string>>>>;

type OperationKey = keyof typeof operationNames;

// Private-use characters never occur in untrusted text, because `plain` removes them.
const [open, close] = ['\ue000', '\ue001'];
const reference = new RegExp(`${open}(\\w+)${close}`, 'g');

/** A placeholder for an operation in a text. `writtenFor` replaces it with the name. */
export function op(key: OperationKey): string {
  return `${open}${key}${close}`;
}

/** A text with the operation names of a face. */
export function writtenFor(face: Face, text: string): string {
  const names: Readonly<Record<string, Readonly<Record<Face, string>>>> = operationNames;
  return text.replace(reference, (_, key) => names[key]?.[face] ?? key);
}

type SettingKey =
  | 'read_only'
  | 'allow_deprovision'
  | 'deprovision_foreign'
  | 'allow_reboot'
  | 'allow_vifs'
  | 'resource_classes'
  | 'images'
  | 'networks'
  | 'max_deploying';

/** The name of a setting's variable. */
export function setting(key: SettingKey): string {
  return `IRONIC_MCP_${key.toUpperCase()}`;
}
