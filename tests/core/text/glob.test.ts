import { expect, it } from 'vitest';
import { globs } from '../../../src/core/text/glob.js';

it.each<[string, string, boolean]>([
  ['ubuntu-24.04', 'ubuntu-24.04', true],
  ['ubuntu-24.04', 'ubuntu-24x04', false],
  ['ubuntu-24.04', 'ubuntu-24.04-evil', false],
  ['ubuntu-24.04', 'my-ubuntu-24.04', false],
  ['ubuntu', 'Ubuntu', false],
  ['ubuntu-*', 'ubuntu-', true],
  ['ubuntu-*', 'ubuntu-24.04', true],
  ['*-small', 'baremetal.x-small', true],
  ['debian-1?', 'debian-12', true],
  ['debian-1?', 'debian-1', false],
  ['*', 'anything at all', true],
  ['*', 'a\nb', true],
  ['*', 'a/b', false],
  ['?', '/', false],
  ['?', '𝕏', true],
  ['https://images.example.org/*', 'https://images.example.org/debian.qcow2', true],
  ['https://images.example.org/*', 'https://images.example.org/any/thing', false],
  ['https://images.example.org/**', 'https://images.example.org/any/thing', true],
  ['https://images.example.org/*', 'https://images.example.org.evil.example/x', false],
  ['a+(b)[c]{1}^$|\\', 'a+(b)[c]{1}^$|\\', true],
  ['[ab]', 'a', false],
])('%j and %j', (pattern, text, matches) => {
  expect(globs(['nothing else', pattern])(text)).toBe(matches);
});

it('matches nothing by no pattern', () => {
  expect(globs([])('')).toBe(false);
});
