import { describe, expect, it } from 'vitest';
import { isLogicalName, isUuid, readBoolean, readQuery, text } from '../../src/simulator/dialect/arguments.js';
import { isoformat, repr } from '../../src/simulator/dialect/python.js';

describe('arguments', () => {
  it('are read by their table, and unknown ones are refused', () => {
    expect(readQuery(new URLSearchParams('a=1&a=2'), { a: text, b: text })).toEqual({ a: '1' });
    expect(() => readQuery(new URLSearchParams('x=1&y=2&x=3'), { a: text })).toThrow('Unexpected arguments: x, y');
  });

  it('may be booleans in many spellings', () => {
    for (const word of ['1', 'T', ' true ', 'on', 'Y', 'yes']) expect(readBoolean('x', word)).toBe(true);
    for (const word of ['0', 'f', 'FALSE', 'off', 'n', 'no']) expect(readBoolean('x', word)).toBe(false);
    expect(readBoolean('x', null)).toBeNull();
    expect(readBoolean('x', true)).toBe(true);
    expect(readBoolean('x', 1)).toBe(true);
  });

  it('may be UUIDs without hyphens and in capitals', () => {
    expect(isUuid('AAAAAAAA00004000800000000000FFFF')).toBe(true);
    expect(isUuid('aaaaaaaa-0000-4000-8000-00000000000')).toBe(false);
  });

  it('may be names of up to 255 unreserved characters', () => {
    expect(isLogicalName('a.b_c~d-1')).toBe(true);
    expect(isLogicalName('')).toBe(false);
    expect(isLogicalName('a/b')).toBe(false);
    expect(isLogicalName('x'.repeat(256))).toBe(false);
  });
});

describe('the output of Python', () => {
  it('is the same for values', () => {
    expect(repr({ a: [1, null, true, false], "it's": 'x\n\t\r\\' })).toBe(
      `{'a': [1, None, True, False], "it's": 'x\\n\\t\\r\\\\'}`,
    );
    expect(repr(`'"`)).toBe(`'\\'"'`);
  });

  it('is the same for dates', () => {
    expect(isoformat(1000)).toBe('1970-01-01T00:00:01');
    expect(isoformat(1001)).toBe('1970-01-01T00:00:01.001000');
  });
});
