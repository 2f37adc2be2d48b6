import { type App, links, origin, requestId, resource } from '../dialect/call.js';
import type { JsonObject } from '../dialect/json.js';
import { MAXIMUM, MINIMUM } from '../dialect/version.js';

/** Ironic's description of itself: GET / and GET /v1. */
export function discoveryRoutes(app: App): void {
  resource(app, '/', {
    GET: (call) => {
      const version = versionOf(origin(call));
      call.header('Openstack-Request-Id', requestId());
      return call.json({
        name: 'OpenStack Ironic API',
        description: 'Ironic is an OpenStack project which enables the provision and management of baremetal machines.',
        default_version: version,
        versions: [version],
      });
    },
  });
  resource(app, '/v1', {
    GET: (call) => call.json(describe(origin(call), call.get('minor'))),
  });
}

function versionOf(base: string): JsonObject {
  return {
    id: 'v1',
    links: [{ href: `${base}/v1/`, rel: 'self' }],
    status: 'CURRENT',
    min_version: `1.${MINIMUM}`,
    version: `1.${MAXIMUM}`,
  };
}

/** The collections, each with the version that added it. */
const collections: readonly (readonly [string, number])[] = [
  ['chassis', 1],
  ['nodes', 1],
  ['ports', 1],
  ['drivers', 1],
  ['portgroups', 23],
  ['volume', 32],
  ['lookup', 22],
  ['heartbeat', 22],
  ['conductors', 49],
  ['allocations', 52],
  ['events', 54],
  ['deploy_templates', 55],
  ['shards', 82],
];

function describe(base: string, minor: number): JsonObject {
  const known = collections.filter(([, since]) => minor >= since);
  return {
    id: 'v1',
    links: [
      { href: `${base}/v1/`, rel: 'self' },
      {
        href: 'https://docs.openstack.org//ironic/latest/contributor//webapi.html',
        rel: 'describedby',
        type: 'text/html',
      },
    ],
    media_types: { base: 'application/json', type: 'application/vnd.openstack.ironic.v1+json' },
    ...Object.fromEntries(known.map(([name]) => [name, links(base, `${name}/`)])),
    version: versionOf(base),
  };
}
