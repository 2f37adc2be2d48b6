import { describe } from 'vitest';
import { apart, playScenarios, together } from './play-scenarios.js';

const sameChoice = { name: 'for any server, who choose the same', aim: 'by class', seeds: together } as const;
const otherChoice = { name: 'for any server, who choose different ones', aim: 'by class', seeds: apart } as const;

describe('two calls with one key', () => {
  playScenarios([
    { ...sameChoice, mayFail: false },
    { ...otherChoice, mayFail: false },
    { ...sameChoice, mayFail: true },
    { ...otherChoice, mayFail: true },
  ]);
});
