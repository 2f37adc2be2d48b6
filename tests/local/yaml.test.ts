import { describe, expect, it } from 'vitest';
import { parseYaml, parseYamlOfTexts } from '../../src/local/yaml.js';

describe('YAML', () => {
  it('has numbers, booleans and null', () => {
    expect(parseYaml('{ a: 10, b: true, c: null, d: , e: no, f: 2026-11-24 }')).toEqual({
      a: 10,
      b: true,
      c: null,
      d: null,
      e: 'no',
      f: '2026-11-24',
    });
  });

  it('keeps all values but null as texts on request, because a password may look like a number', () => {
    expect(parseYamlOfTexts('{ a: 0123, b: 1e5, c: true, d: null, e: ["1", 2] }')).toEqual({
      a: '0123',
      b: '1e5',
      c: 'true',
      d: null,
      e: ['1', '2'],
    });
  });

  it.each([parseYaml, parseYamlOfTexts])('supports merge keys', (parse) => {
    expect(parse('base: &base\n  user: ann\n  region: a\nother:\n  <<: *base\n  region: b\n')).toEqual({
      base: { user: 'ann', region: 'a' },
      other: { user: 'ann', region: 'b' },
    });
  });

  it.each(['', '# nothing\n', '---\n', '\ufeff'])('without a document is null: %j', (text) => {
    expect(parseYaml(text)).toBeNull();
  });

  it.each([
    ['a: b: c', 'bad indentation of a mapping entry at line 1, column 5'],
    ['a:\n  password: *hush\n', 'unidentified alias at line 2, column 14'],
    ['password: !hush 1', 'unknown scalar tag at line 1, column 11'],
    ['a: 1\n---\nb: 2\n', 'it has several documents'],
  ])('that is wrong gives an error with its place and no quotation: %j', (text, problem) => {
    expect(() => parseYamlOfTexts(text)).toThrow(new Error(problem));
  });

  it('with a key __proto__ changes no prototype', () => {
    const parsed = parseYaml('__proto__: { admin: true }') as { admin?: boolean };
    expect(parsed.admin).toBeUndefined();
  });
});
