import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { withoutAbsent } from '../../../src/core/input/absent-nulls.js';
import { allOperations, operations } from '../../../src/core/operations.js';

/** The names of an operation's optional arguments. */
function optionalOf(input: z.ZodType): readonly string[] {
  const { shape } = input as z.ZodObject;
  return Object.keys(shape).filter((name) => (shape[name] as z.ZodType).safeParse(undefined).success);
}

describe('an optional argument that is null', () => {
  it.each(allOperations)('counts as absent in $name, whichever it is', ({ input, example }) => {
    const absent = optionalOf(input).filter((name) => !Object.hasOwn(example, name));
    const filled = { ...example, ...Object.fromEntries(absent.map((name) => [name, null])) };
    expect(input.parse(withoutAbsent(input, filled))).toEqual(input.parse(example));
  });

  it('counts as absent inside a list of objects', () => {
    const { input } = operations.provision_server;
    const network = { address: '10.20.0.11/24' };
    const filled = { image_id: 'a', networks: [{ ...network, gateway: null, dns: null, mac: null }] };
    expect(input.parse(withoutAbsent(input, filled))).toEqual({ image_id: 'a', networks: [network] });
  });

  it('counts as absent among the four members of a config drive, and nowhere else in it', () => {
    const { input } = operations.provision_server;
    const parsed = (drive: object) => input.parse(withoutAbsent(input, { image_id: 'a', config_drive: drive }));
    const metaData = { role: null };
    const filled = { meta_data: metaData, user_data: null, network_data: null, vendor_data: null };
    expect(parsed(filled)).toEqual({ image_id: 'a', config_drive: { meta_data: metaData } });
    expect(parsed({ packages: null })).toEqual({ image_id: 'a', config_drive: { packages: null } });
  });
});

describe('null', () => {
  const schema = z.strictObject({ needed: z.string(), list: z.array(z.string()).optional() });

  it.each([
    ['for a required argument', { needed: null }],
    ['as a member of a list', { needed: 'a', list: [null] }],
    ['for an unknown argument', { needed: 'a', other: null }],
    ['for a name that every object has', { needed: 'a', constructor: null }],
    ['instead of all arguments', null],
  ])('%s stays, so that it is refused', (_, input) => {
    expect(withoutAbsent(schema, input)).toEqual(input);
    expect(schema.safeParse(withoutAbsent(schema, input)).success).toBe(false);
  });
});
