import type { Effect } from '../core/call.js';
import { Failure, type FailureCode } from '../core/failures.js';
import { commonFailures, type Operation } from '../core/operation.js';
import { forRest } from './rest-names.js';
import { fieldsOf, filled } from './schema.js';

/** How a request over HTTP can fail, whatever its operation. */
const ofHttp: readonly FailureCode[] = ['malformed', 'unauthorized', 'forbidden', 'not_permitted'];
const ofBodies: readonly FailureCode[] = ['too_large', 'unsupported_media'];

/** Every way in which a request of an operation can fail. The operation's own ways come first. */
export function failuresOf({ failures, route }: Operation): readonly FailureCode[] {
  const reading = route.method === 'GET' ? [] : ofBodies;
  return [...new Set([...failures, ...commonFailures, ...ofHttp, ...reading])];
}

/** The operation that shows the progress of what another one has started. */
export function followerOf({ route: { path } }: Operation, operations: readonly Operation[]): Operation | undefined {
  return operations.find(
    ({ route }) => route.method === 'GET' && (route.path === path || route.path.startsWith(`${path}/{`)),
  );
}

/** What an operation does, and which setting switches it off: the documents show every operation. */
export function descriptionOf({ description, effect }: Operation): string {
  return forRest(effect === 'read' ? description : `${description} ${switches[effect]}`);
}

const switches: Readonly<Record<Exclude<Effect, 'read'>, string>> = {
  write: 'Fails with not_permitted if the operator has set IRONIC_MCP_READ_ONLY.',
  interrupt:
    'Fails with not_permitted unless the operator has set IRONIC_MCP_ALLOW_REBOOT, without IRONIC_MCP_READ_ONLY.',
  destroy:
    'Fails with not_permitted unless the operator has set IRONIC_MCP_ALLOW_DEPROVISION, without IRONIC_MCP_READ_ONLY.',
};

/** A failure as the documents show it. */
export function exampleFailure(code: FailureCode): Failure {
  if (code !== 'invalid_request') return new Failure(code, { id: 'rack1-small-01' });
  const field = 'image_id';
  const message = 'must not be empty';
  return new Failure(code, { reason: `${field}: ${message}`, fields: [{ field, message }] });
}

/** A request that works on the simulator: its target, and its body if it has one. */
export function exampleRequest(operation: Operation): { readonly target: string; readonly body?: string } {
  const { example, route } = operation;
  const given = fieldsOf(operation).filter(({ name }) => Object.hasOwn(example, name));
  const path = filled(route.path, example);
  const rest = given.filter((field) => field.in !== 'path').map(({ name }) => [name, example[name]] as const);
  if (rest.length === 0) return { target: path };
  if (route.method !== 'GET') return { target: path, body: JSON.stringify(Object.fromEntries(rest)) };
  const query = rest.flatMap(([name, value]) =>
    [value].flat().map((item) => [name, String(item)] satisfies [string, string]),
  );
  return { target: `${path}?${new URLSearchParams(query)}` };
}
