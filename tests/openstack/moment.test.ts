import { describe, expect, it } from 'vitest';
import { momentFrom } from '../../src/openstack/moment.js';

describe('a moment', () => {
  it.each([
    ['2026-11-24T01:02:03+00:00', Date.UTC(2026, 10, 24, 1, 2, 3)],
    ['Tue, 24 Nov 2026 01:02:03 GMT', Date.UTC(2026, 10, 24, 1, 2, 3)],
    ['2026-11-24T01:02:03', Date.UTC(2026, 10, 24, 1, 2, 3)],
    ['2026-11-24T01:02:03.250000', Date.UTC(2026, 10, 24, 1, 2, 3, 250)],
    ['2026-11-24T01:02:03-03:30', Date.UTC(2026, 10, 24, 4, 32, 3)],
    ['1970-01-01T00:00:00Z', 0],
    ['9999-12-31T23:59:59Z', Date.UTC(9999, 11, 31, 23, 59, 59)],
  ])('is read from %s', (text, moment) => {
    expect(momentFrom(text)).toBe(moment);
  });

  it.each([
    null,
    undefined,
    '',
    'yesterday',
    '2026-13-01T00:00:00Z',
    '1969-12-31T23:59:59Z',
    '+010000-01-01T00:00:00Z',
  ])('is not read from %s', (text) => {
    expect(momentFrom(text)).toBeNull();
  });
});
