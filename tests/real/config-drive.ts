import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RealIronic } from './setup.js';

/**
 * Prints the config drive in Ironic's database as text. Ironic keeps it as it was given, until a deploy interface needs it as an
 * image: ISO 9660, in gzip, in base64.
 */
const readDrive = `
import base64, gzip, json, sqlite3, sys
row = sqlite3.connect(sys.argv[1]).execute('select instance_info from nodes where uuid = ?', [sys.argv[2]]).fetchone()
drive = json.loads(row[0])['configdrive']
print(json.dumps(drive) if isinstance(drive, dict) else gzip.decompress(base64.b64decode(drive)).decode('latin-1'))
`;

/** The config drive of a server in a real Ironic. Its API does not show it. */
export async function configDriveIn({ state }: Pick<RealIronic, 'state'>, serverId: string): Promise<string> {
  const args = ['-c', readDrive, `${state}/ironic.sqlite`, serverId];
  return (await promisify(execFile)('python3', args, { maxBuffer: 64 * 1024 * 1024 })).stdout;
}
