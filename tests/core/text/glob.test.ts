import fc from 'fast-check';
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
])('matches %j against %j', (pattern, text, matches) => {
  expect(globs(['nothing else', pattern])(text)).toBe(matches);
});

it('matches nothing without a pattern', () => {
  expect(globs([])('')).toBe(false);
});

it.each([
  ['*a'.repeat(30), 'a'.repeat(2_048)],
  ['**a'.repeat(30), 'a'.repeat(2_048)],
  [`https://${'**/*'.repeat(20)}`, `https://${'/x'.repeat(1_000)}`],
])(
  'needs no backtracking, however many stars a pattern has: %j',
  (pattern, text) => {
    const isMatch = globs([`${pattern}!`]);
    expect(isMatch(text)).toBe(false);
    expect(isMatch(`${text}!`)).toBe(true);
  },
  60_000,
);

it('agrees with an equivalent regular expression', () => {
  const meaning: Record<string, string> = { '*': '[^/]*', '?': '[^/]', '**': '.*' };
  const pattern = fc.array(fc.constantFrom('*', '**', '?', 'a', 'b', '/'), { maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '𝕏', '\n'), maxLength: 10 });
  fc.assert(
    fc.property(pattern, text, (parts, given) => {
      const glob = parts.join('');
      const source = glob.replace(/\*{2,}|[*?]/g, (part) => meaning[part] ?? '.*');
      expect(globs([glob])(given)).toBe(new RegExp(`^${source}$`, 'su').test(given));
    }),
    { numRuns: 2_000 },
  );
});
