import { type App, links, origin, query, resource, segment } from '../dialect/call.js';
import { Abort, Fault } from '../dialect/errors.js';
import { pathNode, viewer } from '../nodes/node-address.js';
import { listNodes } from '../nodes/node-list.js';
import type { World } from '../world/world.js';

/** Parts of Ironic, Glance and Neutron that are not here, with the versions of Ironic that added them. */
const missing: Readonly<Record<string, number>> = {
  '/v1/lookup': 22,
  '/v1/heartbeat/*': 22,
  '/v1/events': 54,
  '/v1/:parents{nodes|drivers}/:ident/vendor_passthru/*': 1,
  '/v1/drivers/:driver/raid/*': 12,
  '/v1/nodes/:ident/bios/*': 40,
  '/v1/nodes/:ident/states/console': 1,
  '/v1/nodes/:ident/states/raid': 12,
  '/v1/nodes/:ident/states/:mode{boot_mode|secure_boot}': 76,
  '/v1/nodes/:ident/management/inject_nmi': 29,
  '/v1/nodes/:ident/management/indicators/*': 1,
  '/v2/images/*': 0,
  '/v2.0/*': 0,
};

/** Small resources, and refusals for what the simulator does not model. */
export function otherRoutes(app: App, world: World): void {
  resource(app, '/v1/nodes/:ident/bios', {
    GET: (call) => {
      if (call.get('minor') < 40) throw new Abort(404);
      pathNode(world, call);
      return call.json({ bios: [] });
    },
  });
  resource(app, '/v1/chassis/:record/nodes', {
    GET: (call) => {
      const asked = query(call);
      asked.set('chassis_uuid', segment(call, 'record'));
      return call.json(listNodes(world, viewer(call), asked));
    },
  });
  for (const path of ['/v1/volume', '/v1/nodes/:ident/volume']) {
    resource(app, path, {
      GET: (call) => {
        if (call.get('minor') < 32) throw new Fault(404, 'Resource could not be found.');
        if (path.includes(':ident')) pathNode(world, call);
        const part = (name: string) => links(origin(call), `${call.req.path.slice('/v1/'.length)}/${name}`);
        return call.json({ links: part(''), connectors: part('connectors'), targets: part('targets') });
      },
    });
  }
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
  for (const [path, since] of Object.entries(missing)) {
    app.all(path, (call) => {
      if (call.get('minor') < since) throw new Abort(404);
      // So that nobody takes it for something that does not exist.
      throw new Fault(501, `The simulator does not model ${call.req.method} ${call.req.path}.`);
    });
  }
}
