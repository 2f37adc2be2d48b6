import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ironics } from './ironics.js';
import type { RealIronic } from './setup.js';

it.each(ironics)(
  'the state machine of Ironic $version is the one that the simulator is held against',
  ({ release, version }: RealIronic) => {
    const dump = execFileSync('python3', ['tests/real/ironic/state_machine.py', '--release', release], {
      encoding: 'utf8',
    });
    const golden = readFileSync(`tests/golden/ironic-${version}-fsm.json`, 'utf8');
    expect(JSON.parse(dump)).toEqual(JSON.parse(golden));
  },
);
