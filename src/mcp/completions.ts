import { type McpServer, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { withFirstAbort } from '../core/async/abort.js';
import type { ImageListing } from '../core/inventory/image-list.js';
import type { ServerListing } from '../core/inventory/server-list.js';
import type { Policy } from '../core/policy.js';
import type { ResourceOptions } from './resources.js';

/** The protocol's limit. */
const most = 100;

/** Milliseconds to wait for suggestions. */
const patience = 3_000;

interface Suggestions {
  readonly values: readonly string[];
  readonly more: boolean;
}

/** Finds the values that contain the typed text. */
type Suggest = (typed: string, list: List, policy: Policy) => Promise<Suggestions>;

/** The outputs of the lists. */
interface Listings {
  readonly list_servers: ServerListing;
  readonly list_images: ImageListing;
}

/** Gets a page of a list, as the tool of that name returns it. */
type List = <Name extends keyof Listings>(operation: Name, input: object) => Promise<Listings[Name]>;

/** What to suggest, by prompt or template, and by argument. */
const places: Readonly<Record<string, Readonly<Record<string, Suggest>>>> = {
  provision: {
    image_id: images,
    resource_class: resourceClasses,
    server_id: (typed, list) => servers(typed, list, 'available'),
  },
  'ironic://servers/{id}': { id: (typed, list) => servers(typed, list) },
  'ironic://operations/{id}': { id: operations },
};

/**
 * Suggests at most a hundred values for the arguments of prompts and templates. If they take too long or fail, it suggests
 * nothing, because a user who types has no use for an error.
 */
export function registerCompletions({ server }: McpServer, { ask, core }: Pick<ResourceOptions, 'ask' | 'core'>): void {
  server.setRequestHandler('completion/complete', async ({ params: { ref, argument } }, context) => {
    const place = ref.type === 'ref/prompt' ? ref.name : ref.uri;
    if (!Object.hasOwn(places, place)) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, `No completions for ${place}`);
    }
    const known = places[place] ?? {};
    const suggest = Object.hasOwn(known, argument.name) ? known[argument.name] : undefined;
    const found = await withFirstAbort([context.mcpReq.signal, AbortSignal.timeout(patience)], async (first) => {
      const list: List = async <Name extends keyof Listings>(operation: Name, input: object) =>
        (await ask(operation, { ...input }, context, first)) as Listings[Name];
      return suggest?.(argument.value, list, (await core()).policy);
    }).catch(() => undefined);
    const { values, more } = found ?? { values: [], more: false };
    return { completion: { values: values.slice(0, most), hasMore: more || values.length > most } };
  });
}

async function images(typed: string, list: List): Promise<Suggestions> {
  const page = await list('list_images', { limit: 200 });
  const deployable = page.images.filter(({ deployable }) => deployable);
  const names = deployable.map(({ id, name }) => (name === undefined || isTwice(name, deployable) ? id : name));
  return { values: names.filter(contains(typed)), more: page.next_cursor !== null };
}

/** Suggests only the classes that the operator's rules allow. The list counts the servers of every class. */
async function resourceClasses(typed: string, list: List, policy: Policy): Promise<Suggestions> {
  const { counts = [] } = await list('list_servers', { limit: 1 });
  const named = counts.map(({ resource_class: name }) => name).filter((name) => !name.startsWith('('));
  const allowed = named.filter((name) => policy.allowsClass(name));
  return { values: allowed.filter(contains(typed)), more: named.length < counts.length };
}

async function servers(typed: string, list: List, state?: string): Promise<Suggestions> {
  const page = await list('list_servers', { limit: most, ...(state ? { state } : {}), ...part(typed) });
  return { values: page.servers.map(({ id, name }) => name ?? id), more: page.next_cursor !== null };
}

/** Finds a deployment by the id or the name of its server, because nobody types an id. */
async function operations(typed: string, list: List): Promise<Suggestions> {
  const page = await list('list_servers', { limit: 200, ...(/^[\da-f-]*$/i.test(typed) ? {} : part(typed)) });
  const deployments = page.servers.filter(({ state }) => state !== 'available' && state !== 'unusable');
  const meant = deployments.filter(({ id, name }) => [id, name ?? id].some(contains(typed)));
  return { values: meant.map(({ id }) => id), more: page.next_cursor !== null };
}

function part(typed: string): object {
  return typed === '' ? {} : { name_contains: typed.slice(0, 255) };
}

function contains(typed: string): (text: string) => boolean {
  const wanted = typed.toLowerCase();
  return (text) => text.toLowerCase().includes(wanted);
}

function isTwice(name: string, all: ImageListing['images']): boolean {
  return all.filter((each) => each.name === name).length > 1;
}
