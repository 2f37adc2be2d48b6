import { isObject } from '../dialect/json.js';
import type { NodeStory, Story } from './node-story.js';

/** Seconds at speed 1 from the end of the deployment to the end of the boot. */
const BOOTING = 15;

/** The system boots. Its cloud-init then sends the report that the vendor data asks for, unless the user data has its own order. */
export function* boot({ world, node }: NodeStory): Story {
  const drive = node.instance_info.configdrive;
  if (!isObject(drive) || !isObject(drive.vendor_data)) return;
  const url = reportUrlIn(String(drive.vendor_data['cloud-init']));
  if (url === undefined || /phone_home/.test(JSON.stringify(drive.user_data ?? ''))) return;
  yield BOOTING;
  world.post(url, new URLSearchParams({ pub_key_rsa: 'N/A', pub_key_ed25519: freshHostKey() }));
}

/** Where a cloud-config in JSON orders a report to; undefined if this is nothing of the kind. */
function reportUrlIn(config: string): string | undefined {
  try {
    const { phone_home: order } = JSON.parse(config.replace(/^#cloud-config\n/, ''));
    return typeof order?.url === 'string' ? order.url : undefined;
  } catch {
    return undefined;
  }
}

/** A public key of a machine, in OpenSSH's one-line format. */
function freshHostKey(): string {
  const type = 'ssh-ed25519';
  const key = crypto.getRandomValues(new Uint8Array(32));
  const blob = String.fromCharCode(0, 0, 0, type.length, ...Buffer.from(type), 0, 0, 0, key.length, ...key);
  return `${type} ${btoa(blob)} root@simulated`;
}
