import type { Operation } from '../src/core/operation.js';
import type { operations } from '../src/core/operations.js';
import { marked } from './marked.js';

/** For people, in one line. The descriptions of the operations are written for models. */
const lines: Readonly<Record<string, string>> = {
  provision_server: 'Deploys an image on a free server, chosen by name or class. Returns at once.',
  check_provision_status: 'Reports the progress of a deployment, and can wait for a change.',
  list_servers: 'Counts and lists the servers, and says why one is not available.',
  diagnose_server: 'Says what is wrong with a server.',
  list_images: 'Lists the images that you can deploy.',
  reboot_server: 'Reboots a server. Off by default.',
  deprovision_server: 'Undeploys a server; its data is lost. Off by default.',
} satisfies Record<keyof typeof operations, string>;

/** The text, with the table of the operations between its markers. */
export function withToolsTable(text: string, operations: readonly Operation[]): string {
  const rows = operations.map(
    ({ name, route }) => `| \`${name}\` | ${lines[name]} | \`${route.method} ${route.path}\` |`,
  );
  return marked(text, 'tools', ['| Tool | What it does | REST |', '|---|---|---|', ...rows].join('\n'));
}
