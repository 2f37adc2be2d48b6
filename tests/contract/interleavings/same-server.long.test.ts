import { describe } from 'vitest';
import { playScenarios, together } from './play-scenarios.js';

const sameServer = { name: 'for the same server', aim: 'by id', seeds: together } as const;

describe('two calls with one key', () => {
  playScenarios([
    { ...sameServer, mayFail: false },
    { ...sameServer, name: 'for the same server with different images', differ: true, mayFail: false },
    { ...sameServer, mayFail: true },
  ]);
});
