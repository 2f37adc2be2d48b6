import { describe, expect, it } from 'vitest';
import { didYouMean, didYouMeanOneOf } from '../../../src/core/text/nearest.js';

const names = ['debian-12', 'ubuntu-24.04', 'rocky-9', 'gpu'];

describe('a misspelt name', () => {
  it.each([
    ['debain-12', 'Did you mean debian-12?'],
    ['ubunut-24.04', 'Did you mean ubuntu-24.04?'],
    ['gpuu', 'Did you mean gpu?'],
  ])('%s gets a suggestion', (typed, question) => {
    expect(didYouMean(typed, names)).toBe(question);
  });

  it.each([
    ['has too many wrong letters', 'fedora-41'],
    ['is too short to compare', 'gp'],
    ['is empty', ''],
  ])('gets no suggestion if it %s', (_, typed) => {
    expect(didYouMean(typed, names)).toBeUndefined();
  });

  it('gets no suggestion if two names are equally near', () => {
    expect(didYouMean('bm-3', ['bm-1', 'bm-2'])).toBeUndefined();
    expect(didYouMean('bm-3', ['bm-1', 'bm-1'])).toBe('Did you mean bm-1?');
  });

  it('gets a suggestion in quotation marks if it has several words', () => {
    expect(didYouMean('Debian 13', ['Debian 12'])).toBe('Did you mean "Debian 12"?');
  });
});

describe('a text that could be a secret', () => {
  it.each([
    ['a URL', 'https://user:pass@host/a', 'https://user:pass@host/b'],
    ['a path', 'a/debian-12', 'b/debian-12'],
    ['a long token', 'x'.repeat(65), `${'x'.repeat(64)}y`],
    ['an id', '6f1b64ac-7a0f-4c0e-9d3a-5c1f3f0f6a51', '6f1b64ac-7a0f-4c0e-9d3a-5c1f3f0f6a52'],
    ['a text with a control character', 'debian\n12', 'debian\n13'],
  ])('is neither compared nor suggested: %s', async (_, typed, name) => {
    expect(didYouMean(typed, [name, typed])).toBeUndefined();
    expect(didYouMean('debian-12', [typed, name])).toBeUndefined();
    const read = () => Promise.reject(new Error('nobody reads names for it'));
    await expect(didYouMeanOneOf(typed, read)).resolves.toEqual({});
  });
});

describe('names that cannot be read', () => {
  it('leave the failure without a suggestion', async () => {
    await expect(didYouMeanOneOf('debain-12', () => Promise.reject(new Error('gone')))).resolves.toEqual({});
  });
});
