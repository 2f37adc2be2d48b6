import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, inject } from 'vitest';
import { contract } from '../contract/suite.js';
import type { RealIronic } from './setup.js';

/**
 * Prints the config drive in Ironic's database as text. Ironic keeps it as it was given until a deploy interface wants
 * an image of it: ISO 9660, in gzip, in base64.
 */
const readDrive = `
import base64, gzip, json, sqlite3, sys
row = sqlite3.connect(sys.argv[1]).execute('select instance_info from nodes where uuid = ?', [sys.argv[2]]).fetchone()
drive = json.loads(row[0])['configdrive']
print(json.dumps(drive) if isinstance(drive, dict) else gzip.decompress(base64.b64decode(drive)).decode('latin-1'))
`;

const setGroup = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=30)
database.execute('update nodes set conductor_group = ? where uuid = ?', [sys.argv[3], sys.argv[2]])
database.commit()
`;

describe.each(inject('ironics'))('on Ironic $version ($release)', (ironic: RealIronic) => {
  contract(async () => ({
    endpoint: ironic.endpoint,
    requests: async () => {
      const log = await readFile(ironic.access_log, 'utf8');
      return log.split('\n').filter((line) => line && !line.includes('nodes/detail'));
    },
    fate: { member: 'staged', deployInterface: 'staged' },
    ordinaryInterface: 'fake',
    strictInterface: 'direct',
    putInGroup: async (serverId, group) => {
      await promisify(execFile)('python3', ['-c', setGroup, `${ironic.state}/ironic.sqlite`, serverId, group]);
    },
    configDrive: async (serverId) => {
      const args = ['-c', readDrive, `${ironic.state}/ironic.sqlite`, serverId];
      return (await promisify(execFile)('python3', args, { maxBuffer: 64 * 1024 * 1024 })).stdout;
    },
  }));
});
