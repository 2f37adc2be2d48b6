import { isUuid } from '../dialect/arguments.js';
import { type App, links, origin, resource } from '../dialect/call.js';
import { Abort, Fault } from '../dialect/errors.js';
import type { JsonObject } from '../dialect/json.js';
import { pathIdent, pathNode } from '../nodes/node-address.js';
import type { World } from '../world/world.js';

/** Collections that are always empty here: name in the answer, path, version. */
const collections: readonly (readonly [string, string, number])[] = [
  ['chassis', 'chassis', 1],
  ['portgroups', 'portgroups', 23],
  ['connectors', 'volume/connectors', 32],
  ['targets', 'volume/targets', 32],
  ['deploy_templates', 'deploy_templates', 55],
  ['portgroups', 'nodes/:ident/portgroups', 24],
  ['connectors', 'nodes/:ident/volume/connectors', 32],
  ['targets', 'nodes/:ident/volume/targets', 32],
  ['bios', 'nodes/:ident/bios', 40],
];

/** Answers for resources that the simulated cloud does not have. */
export function emptyCollectionRoutes(app: App, world: World): void {
  for (const [name, path, since] of collections) {
    resource(app, `/v1/${path}`, {
      GET: (call) => {
        if (call.get('minor') < since) throw new Abort(404);
        if (path.startsWith('nodes/')) pathNode(world, call);
        return call.json({ [name]: [] });
      },
    });
  }
  resource(app, '/v1/volume', { GET: (call) => call.json(volume(origin(call), 'volume')) });
  resource(app, '/v1/nodes/:ident/volume', {
    GET: (call) => {
      pathNode(world, call);
      return call.json(volume(origin(call), `nodes/${pathIdent(call)}/volume`));
    },
  });
  resource(app, '/v1/nodes/:ident/inventory', {
    GET: (call) => {
      if (call.get('minor') < 81) throw new Abort(404);
      throw new Fault(404, `Node inventory record for node ${pathNode(world, call).id} could not be found.`);
    },
  });
  resource(app, '/v1/shards', {
    GET: (call) => {
      if (call.get('minor') < 82) throw new Abort(404);
      const counts = new Map<string, number>();
      // Ironic also counts nodes without a shard, as "None".
      for (const { shard } of world.fleet.section({})) {
        counts.set(shard ?? 'None', (counts.get(shard ?? 'None') ?? 0) + 1);
      }
      return call.json({ shards: [...counts].map(([name, count]) => ({ name, count })) });
    },
  });
  resource(app, '/v1/portgroups/:ident', {
    GET: (call) => {
      throw new Fault(404, `Portgroup ${pathIdent(call)} could not be found.`);
    },
  });
  resource(app, '/v1/chassis/:ident', {
    GET: (call) => {
      const ident = call.req.param('ident') ?? '';
      if (!isUuid(ident)) throw new Fault(400, `Expected UUID for chassis_uuid: ${ident}`);
      throw new Fault(404, `Chassis ${ident} could not be found.`);
    },
  });
}

function volume(base: string, path: string): JsonObject {
  return {
    links: links(base, `${path}/`),
    connectors: links(base, `${path}/connectors`),
    targets: links(base, `${path}/targets`),
  };
}
