import fc from 'fast-check';
import { allOperations } from '../../src/core/operations.js';
import { anyText } from '../core/any-text.js';

/** Stands where callers put their secrets: nothing that comes back may hold it. */
export const secret = 'hunter2';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM';
const secretDrive = {
  config_drive: { user_data: `#cloud-config\npassword: ${secret}`, meta_data: { admin_pass: secret } },
};

// Nobody has the time to wait for a cloud whose time stands still.
const examples = allOperations.map(({ name, example: { wait_seconds: wait, ...input } }) => ({
  name,
  input: wait === undefined ? input : { ...input, wait_seconds: 0 },
}));

/** Inputs that are right, or nearly so, for each operation: what is made worse begins here. */
export const inputs: readonly { readonly name: string; readonly input: object }[] = [
  ...examples,
  ...examples.map(({ name, input }) => ({ name, input: { ...input, ...secretDrive } })),
  { name: 'provision_server', input: { ...secretDrive, image_id: 'debian-12', resource_class: 'nosuch' } },
  { name: 'provision_server', input: { image_id: 'debian-12', ssh_public_keys: [`${key} ${secret}`], vifs: [] } },
  { name: 'provision_server', input: { image_id: 'debian-12', idempotency_key: secret, retry_failed: true } },
];

function nest(levels: number): unknown {
  return JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
}

/** JSON values that programs stumble over. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  anyText(40),
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, -0, 1.5, 2 ** 53, '', '0', 'null', '__proto__', '../..', '{id}'),
  fc.constantFrom<unknown>([], {}, [[]], JSON.parse('{"__proto__":{"admin":true}}'), { toString: 1, constructor: {} }),
  fc.constantFrom(30, 70, 500).map(nest),
  fc.constantFrom(300, 3_000, 100_000).map((length) => 'x'.repeat(length)),
  fc.constantFrom(65, 2_000).map((length) => Array.from({ length }, () => secret)),
  fc.uuid(),
  fc.jsonValue({ maxDepth: 4 }),
);

const hostileName = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'prototype', '', 'imageId', 'image-id', 'wait_seconds'),
  fc.constantFrom(...inputs.flatMap(({ input }) => Object.keys(input))),
  anyText(12),
);

type Step = {
  readonly at: number;
  readonly name: string;
  readonly value: unknown;
  readonly how: 'set' | 'add' | 'drop';
};

const step: fc.Arbitrary<Step> = fc.record({
  at: fc.nat(1_000),
  name: hostileName,
  value: hostileValue,
  how: fc.constantFrom('set', 'add', 'drop'),
});

/** A value with some of its members, at any depth, replaced, added or dropped. */
export function worsened<Value>(value: Value, steps: readonly Step[]): Value {
  // As it comes out of JSON: members of a list that have names do not.
  return JSON.parse(JSON.stringify(steps.reduce<Value>(change, structuredClone(value)))) as Value;
}

export const steps = fc.array(step, { maxLength: 4 });

function change<Value>(value: Value, { at, name, value: other, how }: Step): Value {
  const places = placesIn(value);
  const [holder, member] = places[at % Math.max(1, places.length)] ?? [];
  if (holder === undefined || member === undefined) return value;
  if (how === 'drop') Reflect.deleteProperty(holder, member);
  // As JSON.parse does, and not as an assignment would.
  else define(holder, how === 'set' ? member : name, structuredClone(other));
  return value;
}

function define(holder: object, name: string, value: unknown): void {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Every member of every object and list, down to a depth where all is alike. */
function placesIn(value: unknown, depth = 6): [holder: object, member: string][] {
  if (typeof value !== 'object' || value === null || depth === 0) return [];
  return Object.entries(value)
    .slice(0, 20)
    .flatMap(([name, member]) => [[value, name] as [object, string], ...placesIn(member, depth - 1)]);
}

/** What no answer may hold: where in our code something went wrong, or what the caller kept to itself. */
export const leaks = /hunter2|\n\s+at |node_modules|\.[jt]s:\d|TypeError|RangeError|SyntaxError/;
