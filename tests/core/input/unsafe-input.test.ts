import { describe, expect, it } from 'vitest';
import { unsafePart } from '../../../src/core/input/unsafe-input.js';

const nested = (levels: number): unknown => (levels === 0 ? {} : [nested(levels - 1)]);

describe('an input', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a number', 1],
    ['text of every plane', { text: 'naïve 中 😀 \u{10ffff}', list: ['', { '😀': true }] }],
    ['members with the names of methods', { constructor: 1, toString: 2, hasOwnProperty: 3, prototype: 4 }],
    ['63 levels', nested(63)],
  ])('is safe when it is %s', (_, input) => {
    expect(unsafePart(input)).toBeUndefined();
  });

  it.each([
    ['a member __proto__', '{"__proto__": 1}', '', 'unknown argument "__proto__"'],
    ['one deep inside', '{"a": [{}, {"b": {"__proto__": 1}}]}', 'a.1.b', 'unknown argument "__proto__"'],
    [
      'half of a character',
      '{"a": {"b": ["x\\ud83dy"]}}',
      'a.b.0',
      'contains an invalid character (unpaired surrogate)',
    ],
    ['the other half', '{"a": "\\ude00"}', 'a', 'contains an invalid character (unpaired surrogate)'],
    ['both in the wrong order', '{"a": "\\ude00\\ud83d"}', 'a', 'contains an invalid character (unpaired surrogate)'],
    [
      'a name with half of a character',
      '{"a": {"\\ud83d": 1}}',
      'a',
      'a name contains an invalid character (unpaired surrogate)',
    ],
  ])('is not safe when it has %s', (_, json, field, message) => {
    expect(unsafePart(JSON.parse(json))).toEqual({ field, message });
  });

  it('is refused without exhausting the stack when it is nested a million levels deep', () => {
    const depth = 1_000_000;
    const input: unknown = JSON.parse(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    expect(unsafePart(input)).toMatchObject({ message: 'is nested more than 64 levels deep' });
  });
});
