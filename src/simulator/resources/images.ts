import { type App, origin, query, requestId, resource, segment } from '../dialect/call.js';
import type { Json, JsonObject } from '../dialect/json.js';
import type { Image } from '../world/image.js';
import type { World } from '../world/world.js';

/** Glance's own page size and limit. */
const DEFAULT_LIMIT = 25;
const MAXIMUM_LIMIT = 1000;

/** The project that owns the images. */
const OWNER = 'b5c3a4d2f1e04c7e9a6d8f0b2c4e6a81';

/** Glance: GET /v2 with its versions (a real Glance shows them at /), /v2/images and /v2/images/{id}. */
export function imageRoutes(app: App, world: World): void {
  app.use('/v2/*', async (call, next) => {
    await next();
    call.header('X-Openstack-Request-Id', requestId());
  });
  resource(app, '/v2', { GET: (call) => call.json({ versions: versions(origin(call)) }, 300) });
  resource(app, '/v2/images', { GET: (call) => listImages(world, query(call)) });
  resource(app, '/v2/images/:id', {
    GET: (call) => {
      const id = segment(call, 'id');
      const image = world.images.get(id);
      return image ? call.json(viewImage(image)) : problem(404, 'Not Found', `No image found with ID ${id}`);
    },
  });
}

/** The minor versions of Glance 25's API, the newest first. */
const minorVersions = [15, 9, 7, 6, 5, 4, 3, 2, 1, 0];

function versions(base: string): Json {
  return minorVersions.map((minor, index) => ({
    id: `v2.${minor}`,
    status: index === 0 ? 'CURRENT' : 'SUPPORTED',
    links: [{ rel: 'self', href: `${base}/v2/` }],
  }));
}

/** Glance's errors come from its web framework, with HTML line breaks. */
function problem(status: number, title: string, message: string): Response {
  return Response.json({ message: `${message}<br /><br />\n\n\n`, code: `${status} ${title}`, title }, { status });
}

const badRequest = (message: string) => problem(400, 'Bad Request', message);

const paging = ['limit', 'marker', 'sort', 'sort_key', 'sort_dir'];

function listImages(world: World, asked: URLSearchParams): Response {
  const limitText = asked.get('limit');
  if (limitText !== null && !/^-?\d+$/.test(limitText)) return badRequest('limit param must be an integer');
  const limit = Math.min(Number(limitText ?? DEFAULT_LIMIT), MAXIMUM_LIMIT);
  if (limit < 0) return badRequest('limit param must be positive');

  const filters = [...asked].filter(([name]) => !paging.includes(name));
  const found = [...world.images.values()]
    .map(viewImage)
    .filter((image) => isListed(image, asked.get('visibility')))
    .filter((image) => filters.every(([name, wanted]) => fits(image, name, wanted)))
    .sort(order(asked));

  const marker = asked.get('marker');
  const from = marker === null ? 0 : found.findIndex((image) => image.id === marker) + 1;
  if (marker !== null && from === 0) return badRequest('Invalid marker: Image could not be found.');
  const page = found.slice(from, from + limit);
  const last = page.at(-1);
  const more = last !== undefined && from + limit < found.length;
  const address = (params: URLSearchParams) => (params.size > 0 ? `/v2/images?${params}` : '/v2/images');
  const first = new URLSearchParams([...asked].filter(([name]) => name !== 'marker'));
  const next = new URLSearchParams([...first, ['marker', String(last?.id)]]);
  return Response.json({
    images: page,
    first: address(first),
    schema: '/v2/schemas/images',
    ...(more && { next: address(next) }),
  });
}

/** A list shows community images only on request. Anybody can use them by their id. */
function isListed(image: JsonObject, visibility: string | null): boolean {
  return visibility === null
    ? image.visibility !== 'community'
    : visibility === 'all' || image.visibility === visibility;
}

function fits(image: JsonObject, name: string, wanted: string): boolean {
  if (name === 'visibility') return true;
  if (name === 'tag') return Array.isArray(image.tags) && image.tags.includes(wanted);
  if (name === 'size_min') return Number(image.size) >= Number(wanted);
  if (name === 'size_max') return Number(image.size) <= Number(wanted);
  const value = printed(image[name]);
  const isList = wanted.startsWith('in:') && ['id', 'name', 'status', 'container_format', 'disk_format'].includes(name);
  return isList ? wanted.slice('in:'.length).split(',').includes(value) : value === wanted;
}

function printed(value: Json | undefined): string {
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value ?? '');
}

type Order = (a: JsonObject, b: JsonObject) => number;

/** `sort=name:asc,created_at:desc`, or `sort_key` and `sort_dir`. Newest first by default. */
function order(asked: URLSearchParams): Order {
  const sort = asked.get('sort') ?? `${asked.get('sort_key') ?? 'created_at'}:${asked.get('sort_dir') ?? 'desc'}`;
  const keys = sort.split(',').map((each) => {
    const [key = '', direction = 'desc'] = each.split(':');
    return { key, sign: direction === 'asc' ? 1 : -1 };
  });
  return (a, b) => {
    for (const { key, sign } of [...keys, { key: 'id', sign: -1 }]) {
      const [left, right] = [a[key] ?? '', b[key] ?? ''];
      if (left !== right) return left < right ? -sign : sign;
    }
    return 0;
  };
}

function viewImage(image: Image): JsonObject {
  const { properties, created_at: created, tags, ...own } = image;
  const date = `${new Date(created).toISOString().slice(0, 19)}Z`;
  return {
    ...properties,
    ...own,
    protected: false,
    owner: OWNER,
    os_hidden: false,
    created_at: date,
    updated_at: date,
    tags: [...tags],
    self: `/v2/images/${image.id}`,
    file: `/v2/images/${image.id}/file`,
    schema: '/v2/schemas/image',
  };
}
