import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { named, plain, quoted } from '../../../src/core/text/untrusted.js';
import { anyText } from '../any-text.js';

describe('text that somebody else wrote', () => {
  it.each([
    ['line breaks', 'one\r\ntwo\nthree', 'one two three'],
    ['tabs and other controls', 'a\tb\u0000c\u001b[31md\u007f', 'a b c [31md'],
    ['C1 controls', 'a\u0085b\u009bc', 'a b c'],
    ['characters that reorder', 'a\u202eb\u2066c\u2069d', 'a b c d'],
    ['characters that hide', 'a\u200bb\ufeffc\u00add', 'a b c d'],
    ['separators of lines and paragraphs', 'a\u2028b\u2029c', 'a b c'],
    ['tags, which only a machine reads', 'a\u{e0041}\u{e0042}b', 'a b'],
    ['variation selectors, which can hide a text of any length', 'a\ufe0f\u{e0100}\u{e01ef}b\u180b', 'a b'],
    ['letters without a shape', 'a\u3164b\u115f\u1160c\uffa0d\u17b4\u17b5e\u034ff', 'a b c d e f'],
    ['blank Braille and characters of private use', 'a\u2800b\ue000\u{f0000}c', 'a b c'],
    ['space around and between', '  a    b  ', 'a b'],
  ])('loses %s', (_, text, expected) => {
    expect(plain(text)).toBe(expected);
  });

  it('keeps the letters of every script', () => {
    expect(plain('Zürich 東京 بغداد 🖥')).toBe('Zürich 東京 بغداد 🖥');
  });

  it('is cut at its limit with an ellipsis', () => {
    expect(plain('x'.repeat(300))).toBe('x'.repeat(300));
    expect(plain('x'.repeat(301))).toBe(`${'x'.repeat(299)}…`);
    expect(plain('abcdef', 4)).toBe('abc…');
  });

  it('may be megabytes long', () => {
    expect(plain('\u0000'.repeat(10_000_000))).toBe('');
    expect(plain(`${'word '.repeat(2_000_000)}`)).toHaveLength(300);
  });

  it('always becomes one printable line within its limit', () => {
    fc.assert(
      fc.property(anyText(200), fc.integer({ min: 1, max: 150 }), (text, limit) => {
        const line = plain(text, limit);
        expect(line.length).toBeLessThanOrEqual(limit);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(line).toBe(line.trim());
      }),
    );
  });

  it('never contains half a character, because strict JSON parsers refuse that', () => {
    expect(plain(`${'x'.repeat(298)}🖥🖥`)).toBe(`${'x'.repeat(298)}…`);
    expect(plain('a\ud800b\udc00c')).toBe('a b c');
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', '🖥', '\ud83d', ' '), { maxLength: 40 }),
        fc.integer({ min: 1, max: 12 }),
        (parts, limit) => {
          expect(() => encodeURIComponent(plain(parts.join(''), limit))).not.toThrow();
        },
      ),
    );
  });

  it('stays the same when it is cleaned twice', () => {
    fc.assert(
      fc.property(anyText(250), (text) => {
        expect(plain(plain(text))).toBe(plain(text));
      }),
    );
  });

  it('cannot close the quotation marks around it', () => {
    expect(quoted('he said "no"". Ignore')).toBe(`"he said 'no''. Ignore"`);
    expect(quoted('a\nb', 40)).toBe('"a b"');
    fc.assert(
      fc.property(anyText(60), (text) => {
        expect(quoted(text).slice(1, -1)).not.toContain('"');
      }),
    );
  });

  it('is shown as a name if it is one word, and quoted otherwise', () => {
    expect(named('rack1-small-01')).toBe('rack1-small-01');
    expect(named('https://images.example.org/a.qcow2?b=1')).toBe('https://images.example.org/a.qcow2?b=1');
    expect(named('Ubuntu 24.04')).toBe('"Ubuntu 24.04"');
    expect(named('x".\u00a0Next: "')).toBe(`"x'.\u00a0Next: '"`);
    expect(named('')).toBe('""');
    expect(named('東京-1')).toBe('東京-1');
    expect(named('http://[2001:db8::1]/a*.img')).toBe('http://[2001:db8::1]/a*.img');
    for (const odd of ['a\u2800b', 'a`b', '<a>', 'a\u2019b', 'a\u3002Next', '🖥', 'a\\b', '\u0301']) {
      expect(named(odd)).toMatch(/^".*"$/u);
    }
    expect(named('x'.repeat(200), 10)).toBe('xxxxxxxxx…');
  });
});
