import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe } from 'vitest';
import { contract } from '../contract/suite.js';
import { configDriveIn } from './config-drive.js';
import { ironics } from './ironics.js';
import type { RealIronic } from './setup.js';

const setGroup = `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=30)
database.execute('update nodes set conductor_group = ? where uuid = ?', [sys.argv[3], sys.argv[2]])
database.commit()
`;

describe.each(ironics)('on Ironic $version ($release)', (ironic: RealIronic) => {
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
    configDrive: (serverId) => configDriveIn(ironic, serverId),
  }));
});
