import { describe, expect, it } from 'vitest';
import { type Listing, readListing, type State } from '../../src/board/answers.js';
import {
  canFilterHere,
  everything,
  filterIn,
  fleetOf,
  inputOf,
  isFiltered,
  matching,
  mostSlots,
  racksOf,
  sumOf,
  totalOf,
} from '../../src/board/fleet.js';

const uuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

interface Made {
  readonly classes?: readonly string[];
  readonly counts?: object[];
  readonly next?: string | null;
  readonly stateOf?: (index: number) => State;
}

/** A list of so many servers, in two classes by turns. */
function listing(servers: number, { classes = ['large', 'small'], counts, next = null, stateOf }: Made = {}): Listing {
  const rows = Array.from({ length: servers }, (_, index) => ({
    id: uuid(index),
    name: `server-${index}`,
    resource_class: classes[index % classes.length],
    state: stateOf?.(index) ?? 'available',
    ...(index === 3 ? { hostname: 'Web-1.example.com' } : {}),
  }));
  return readListing({ servers: rows, next_cursor: next, ...(counts ? { counts } : {}) }) ?? expect.fail('no listing');
}

describe('a small fleet', () => {
  const fleet = fleetOf(listing(12), everything);

  it('has a rack for each class, with every server in the order of its name', () => {
    const racks = racksOf(fleet, everything);
    expect(racks.map(({ resourceClass, total, canOpen }) => [resourceClass, total, canOpen])).toEqual([
      ['large', 6, false],
      ['small', 6, false],
    ]);
    expect(racks[0]?.slots.map(({ name }) => name)).toEqual([0, 2, 4, 6, 8, 10].map((index) => `server-${index}`));
  });

  it('is filtered without a call', () => {
    expect(canFilterHere(fleet)).toBe(true);
    expect(racksOf(fleet, { ...everything, resourceClass: 'small' }).map(({ total }) => total)).toEqual([6]);
    expect(racksOf(fleet, { ...everything, text: 'web-1' }).flatMap(({ slots }) => slots)).toHaveLength(1);
    expect(racksOf(fleet, { ...everything, state: 'failed' })).toEqual([]);
  });
});

describe('a large fleet', () => {
  const counts = [
    { resource_class: 'large', available: 400, in_use: 50 },
    { resource_class: 'small', available: 500, deploying: 1, failed: 49 },
    { resource_class: '(3 others)', unusable: 70 },
  ];
  const stateOf = (index: number) => (index === 51 ? 'deploying' : index === 53 ? 'failed' : 'available');
  const fleet = fleetOf(listing(60, { counts, next: 'more', stateOf }), everything);

  it('is folded: its racks show the counts, and a few servers, first those with which something happens', () => {
    const [large, small, others] = racksOf(fleet, everything);
    expect(large).toMatchObject({ total: 450, canOpen: true });
    expect(large?.slots).toHaveLength(8);
    expect(small?.slots.map(({ name }) => name)).toEqual(expect.arrayContaining(['server-51', 'server-53']));
    expect(others).toMatchObject({ total: 70, canOpen: false, slots: [] });
    expect(totalOf(sumOf(fleet.counts))).toBe(1_070);
  });

  it('needs a call for a filter, and one class of it draws at most 60 slots', () => {
    expect(canFilterHere(fleet)).toBe(false);
    const filter = { ...everything, resourceClass: 'large' };
    const found = listing(90, { classes: ['large'], counts: counts.slice(0, 1), next: 'more' });
    const [rack, ...more] = racksOf(fleetOf(found, filter), filter);
    expect(more).toEqual([]);
    expect(rack?.slots).toHaveLength(mostSlots);
    expect(rack).toMatchObject({ total: 450, canOpen: true });
  });

  it('never draws more than 60 slots, however many classes there are', () => {
    const classes = Array.from({ length: 30 }, (_, index) => `class-${index}`);
    const many = classes.map((resource_class) => ({ resource_class, available: 30 }));
    const racks = racksOf(fleetOf(listing(200, { classes, counts: many, next: 'more' }), everything), everything);
    expect(racks.flatMap(({ slots }) => slots)).toHaveLength(60);
  });
});

describe('a filter', () => {
  it('becomes the arguments of a call, and comes from those of the assistant', () => {
    const filter = { state: 'failed', resourceClass: 'large', text: 'web' } as const;
    const input = { state: 'failed', resource_class: 'large', name_contains: 'web' };
    expect(inputOf(filter)).toEqual({ limit: 60, ...input });
    expect(filterIn({ ...input, limit: 3, cursor: 'x' })).toEqual(filter);
    expect(inputOf(everything)).toEqual({ limit: 60 });
    expect(filterIn({ state: 'no such', resource_class: 7 })).toEqual(everything);
    expect([isFiltered(filter), isFiltered(everything)]).toEqual([true, false]);
  });

  it('finds names and host names in any case', () => {
    const { servers } = listing(12);
    expect(matching(servers, { ...everything, text: 'WEB-1' }).map(({ name }) => name)).toEqual(['server-3']);
    expect(matching(servers, { ...everything, text: 'SERVER-11' })).toHaveLength(1);
  });
});
