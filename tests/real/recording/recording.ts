import { administrator, type Node } from '../../contract/lab.js';
import { freeRoles, type Recorded, roles } from './recorded-requests.js';

/** An answer, without the parts that differ between two runs: names, ids, addresses, hosts. */
export interface Answer {
  readonly status: number;
  /** The headers that clients read: their values, or whether they are there. */
  readonly headers: Readonly<Record<string, string | boolean>>;
  /** The whole text of a refusal. For any other answer, the kinds of its values. */
  readonly body: Shape;
}

/** The kind of a value, or the text itself if clients read it. A list has one shape for all its items. */
type Shape = string | { readonly [member: string]: Shape } | readonly Shape[];

/** How to prepare one Ironic for the recording. */
export interface Side {
  readonly endpoint: string;
  /** The deploy interface that checks its input, and the one that takes all steps. */
  readonly strictInterface: string;
  readonly stagedInterface: string;
  /** The step in which the locked node stays. */
  readonly lockingStep: string;
  /** The `extra` that scripts the faults of a node in this role. */
  readonly fates: Readonly<Record<'deployed' | 'failing' | 'waiting' | 'locked', object>>;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [member: string]: Json };

/** Internal members of the hardware, the driver and the deploy interface. Any object is right. */
const opaque = ['driver_info', 'driver_internal_info', 'properties', 'extra'];
/** Members of lists that other deployments may have changed. */
const opaqueInLists = [...opaque, 'instance_info', 'deploy_step'];

/** Texts that clients read and that must be the same. Any other text only has to be a text. */
const telling = ['next', 'href', 'rel', 'faultcode', 'faultstring', 'title', 'description', 'code', 'debuginfo'];
const tellingStates = ['provision_state', 'target_provision_state', 'state', 'instance_uuid', 'node_uuid', 'severity'];

/** Sends all requests to one Ironic, one after the other. */
export async function record(side: Side, requests: readonly Recorded[]): Promise<readonly Answer[]> {
  const admin = administrator(side.endpoint);
  const cast = await assignRoles(side);
  const names = new Map<string, string>();
  for (const [role, { uuid, name }] of Object.entries(cast)) {
    names.set(`{${role}}`, uuid).set(`{${role}.name}`, name);
  }
  const driver = String(cast.free?.driver);
  names.set('{driver}', driver);
  const filled = (text: string) => text.replace(/\{[a-z]+(\.name)?\}/g, (role) => names.get(role) ?? role);
  const hosts = (await admin.done('GET', 'conductors')) as { conductors: { hostname: string }[] };
  const known = new Map([
    [side.endpoint, '<address>'],
    ...[...names].map(([role, value]) => [value, role] as const),
    ...hosts.conductors.map(({ hostname }) => [hostname, '<conductor>'] as const),
  ]);

  const answers: Answer[] = [];
  for (const request of requests) {
    answers.push(await ask(side.endpoint, request, filled, (text) => anonymous(text, known)));
    if (request.until) await reach(side, filled, ...request.until);
  }
  return answers;
}

/** Chooses a node for each role, and prepares it for its role. */
async function assignRoles({ endpoint, strictInterface, stagedInterface, fates }: Side): Promise<Record<string, Node>> {
  const admin = administrator(endpoint);
  const nodes = (await admin.nodes()).filter(({ name }) => !name.includes('-fail-'));
  const free = nodes.filter((node) => node.provision_state === 'available' && !node.maintenance && !node.instance_uuid);
  const large = free.filter((node) => node.resource_class === 'baremetal.large').slice(0, freeRoles.length);
  const cast: Record<string, Node | undefined> = {
    ...Object.fromEntries(freeRoles.map((role, index) => [role, large[index]])),
    gpu: free.find((node) => node.resource_class === 'baremetal.gpu'),
    maintenance: nodes.find((node) => node.maintenance && node.provision_state === 'available'),
    manageable: nodes.find((node) => node.provision_state === 'manageable'),
    active: nodes.find((node) => node.provision_state === 'active'),
  };
  for (const role of roles) if (!cast[role]) throw new Error(`there is no node to play "${role}"`);
  const found = cast as Record<string, Node>;
  for (const role of freeRoles) {
    const deployInterface = role in fates ? stagedInterface : strictInterface;
    const values = {
      deploy_interface: deployInterface,
      // The real Ironics have no Neutron.
      network_interface: 'noop',
      extra: fates[role as keyof typeof fates] ?? {},
    };
    const operations = Object.entries(values).map(([path, value]) => ({ op: 'replace', path: `/${path}`, value }));
    await admin.patch(found[role]?.uuid ?? '', ...operations);
  }
  return found;
}

async function ask(
  endpoint: string,
  { ask: line, body, version = '1.82', locked }: Recorded,
  filled: (text: string) => string,
  anonymize: (text: string) => string,
): Promise<Answer> {
  const [method = '', path = ''] = filled(line).split(' ');
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (version !== null) headers['x-openstack-ironic-api-version'] = version;
  const text = typeof body === 'string' ? body : filled(JSON.stringify(body) ?? '');
  const init = { method, headers, ...(body !== undefined && { body: text }) };
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(endpoint + path, init);
    const said = await response.text();
    // Ironic itself sometimes holds a lock, for example when it reads the power state of a server.
    const busy = !locked && response.status === 409 && said.includes('is locked by host');
    if (!busy || attempt === 20) return answer(response, said, version === 'latest', anonymize);
  }
}

function answer(response: Response, said: string, latest: boolean, anonymize: (text: string) => string): Answer {
  const version = 'x-openstack-ironic-api-';
  const value = (name: string) => anonymize(response.headers.get(name) ?? '');
  const newest = response.headers.get(`${version}maximum-version`);
  const headers = {
    'content-type': value('content-type'),
    location: value('location'),
    allow: value('allow'),
    [`${version}version`]: latest && value(`${version}version`) === newest ? '<newest>' : value(`${version}version`),
    [`${version}minimum-version`]: value(`${version}minimum-version`),
    [`${version}maximum-version`]: newest !== null,
    'openstack-request-id': response.headers.has('openstack-request-id'),
  };
  return { status: response.status, headers, body: said === '' ? '(empty)' : shapeOf(parsed(said), anonymize) };
}

function parsed(text: string): Json {
  let body: Json;
  try {
    body = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof body !== 'object' || body === null || !('error_message' in body)) return body;
  return { error_message: parsed(String(body.error_message)) };
}

function shapeOf(value: Json, anonymize: (text: string) => string, member = ''): Shape {
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    const shapes = value.map((item: Json) => shapeOf(item, anonymize, member));
    return member === 'links' ? shapes : { 'each of them': merged(shapes) };
  }
  if (opaque.includes(member)) return typeof value;
  if (typeof value === 'object') {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(members.map(([name, item]) => [name, shapeOf(item, anonymize, name)]));
  }
  const says = telling.includes(member) || tellingStates.includes(member);
  return says ? `${typeof value} ${anonymize(String(value))}` : typeof value;
}

/** One shape for all items of a list. Only the kinds of values count, because the items differ. */
function merged(shapes: readonly Shape[]): Shape {
  const kinds = shapes.map((shape): Shape => {
    if (typeof shape === 'string') return shape.split(' ')[0] ?? '';
    if (Array.isArray(shape)) return merged(shape);
    const members = Object.entries(shape).map(([name, item]) => {
      if (opaqueInLists.includes(name)) return [name, 'object'];
      return [name, name === 'each of them' ? item : merged([item])];
    });
    return Object.fromEntries(members);
  });
  const objects = kinds.filter((kind) => typeof kind === 'object');
  if (objects.length === 0) return [...new Set(kinds)].sort().join(' or ') || 'nothing';
  const names = new Set(objects.flatMap((each) => Object.keys(each)));
  return Object.fromEntries(
    [...names].sort().map((name) => {
      const items = objects.flatMap((each) => (each as Record<string, Shape>)[name] ?? 'absent');
      return [name, merged(items)];
    }),
  );
}

/** The shape, with the other one's parts if the two differ only because their lists have different items. */
export function alike(got: unknown, wanted: unknown): unknown {
  if (typeof got !== 'object' || got === null || typeof wanted !== 'object' || wanted === null || Array.isArray(got))
    return got;
  const members = wanted as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(got).map(([name, value]) => {
      if (name !== 'each of them') return [name, alike(value, members[name])];
      return [name, members[name] === 'nothing' || value === 'nothing' ? members[name] : loosely(value, members[name])];
    }),
  );
}

function loosely(got: unknown, wanted: unknown): unknown {
  if (typeof got === 'string' || typeof wanted === 'string') {
    const kinds = (shape: unknown) => (typeof shape === 'string' ? shape.split(' or ') : ['object']);
    const real = (shape: unknown) => kinds(shape).filter((kind) => kind !== 'null' && kind !== 'nothing');
    const [ours, theirs] = [real(got), real(wanted)];
    const fits = ours.length === 0 || theirs.length === 0 || ours.join() === theirs.join();
    return fits && !kinds(got).includes('absent') === !kinds(wanted).includes('absent') ? wanted : got;
  }
  if (typeof got !== 'object' || got === null || typeof wanted !== 'object' || wanted === null) return got;
  const members = wanted as Record<string, unknown>;
  return Object.fromEntries(Object.entries(got).map(([name, value]) => [name, loosely(value, members[name])]));
}

/** The answer without the members at these paths. */
export function without(answer: Answer, members: readonly string[]): Answer {
  const copy = structuredClone(answer);
  for (const path of members) {
    const steps = path.split('.');
    const last = steps.pop() ?? '';
    let parent: unknown = copy;
    for (const step of steps) parent = (parent as Record<string, unknown> | undefined)?.[step];
    if (typeof parent === 'object' && parent !== null) delete (parent as Record<string, unknown>)[last];
  }
  return copy;
}

/** Whether the answers differ in one of these members. */
export function differ(one: Answer, other: Answer, members: readonly string[]): boolean {
  const found = (answer: Answer, path: string) =>
    path.split('.').reduce<unknown>((parent, step) => (parent as Record<string, unknown> | undefined)?.[step], answer);
  return members.some((path) => JSON.stringify(found(one, path)) !== JSON.stringify(found(other, path)));
}

const uuidPattern = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const given = /^(aaaaaaaa-0000|11111111-2222)/;

function anonymous(text: string, known: ReadonlyMap<string, string>): string {
  let result = text;
  for (const [value, name] of [...known].sort(([a], [b]) => b.length - a.length)) {
    result = result.replaceAll(value, name);
  }
  return result
    .replace(/marker=\{[a-z]+\}/, 'marker=<uuid>')
    .replace(/(supported version range is: \[1\.1,) [\d.]+\]/, '$1 <newest>]')
    .replace(/(inventory record|modify traits)( for node) \d+/, '$1$2 <number>')
    .replace(uuidPattern, (uuid) => (given.test(uuid) ? uuid : '<uuid>'));
}

/** Waits until a node, or an allocation, is in the state. */
async function reach(
  { endpoint, lockingStep }: Side,
  filled: (text: string) => string,
  who: string,
  state: string,
): Promise<void> {
  const admin = administrator(endpoint);
  const node = filled(`{${who}}`);
  const path = node.startsWith('{') ? `allocations/${who}` : `nodes/${node}`;
  for (const deadline = Date.now() + 60_000; ; ) {
    const found = (await admin.done('GET', path)) as Node & { state?: string; deploy_step?: { step?: string } };
    const settled = state === 'deploying' ? found.deploy_step?.step === lockingStep : found.reservation === null;
    if ((found.state ?? found.provision_state) === state && (found.state || settled)) return;
    if (Date.now() > deadline) throw new Error(`${who} is ${found.provision_state}, not ${state}: ${found.last_error}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
