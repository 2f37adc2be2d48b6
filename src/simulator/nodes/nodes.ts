import { boolean, isUuid, list, readQuery, readText, uuid, uuidOrName } from '../dialect/arguments.js';
import {
  type App,
  accepted,
  jsonBody,
  memberBody,
  noContent,
  origin,
  query,
  resource,
  segment,
} from '../dialect/call.js';
import { Fault, notAcceptable } from '../dialect/errors.js';
import { readPatch } from '../dialect/patch.js';
import { requireFields } from '../dialect/version.js';
import { validateInterfaces } from '../stories/deploy-checks.js';
import { CONDUCTOR } from '../world/node.js';
import { requireUnlocked, type World } from '../world/world.js';
import { findNode, pathIdent, pathNode, viewer } from './node-address.js';
import { checkPatch, enrollNode, patchNode, removeNode } from './node-changes.js';
import { listNodes, listNodesInDetail } from './node-list.js';
import { viewNode, viewStates } from './node-view.js';

/** The routes of the nodes themselves, under /v1/nodes. */
export function nodeRoutes(app: App, world: World): void {
  const withoutIdent = () => {
    throw new Fault(400, 'Missing mandatory parameter: node_ident');
  };

  resource(app, '/v1/nodes', {
    GET: (call) => call.json(listNodes(world, viewer(call), query(call))),
    POST: async (call) => {
      const node = enrollNode(world, await jsonBody(call), call.get('minor'));
      const location = `${origin(call)}/v1/nodes/${node.uuid}`;
      return call.json(viewNode(node, viewer(call)), 201, { Location: location });
    },
    PATCH: withoutIdent,
    DELETE: withoutIdent,
  });

  resource(app, '/v1/nodes/detail', {
    GET: (call) => call.json(listNodesInDetail(world, viewer(call), query(call))),
  });

  resource(app, '/v1/nodes/validate', {
    GET: (call) => {
      const asked = readQuery(query(call), { node: uuidOrName, node_uuid: uuid });
      const minor = call.get('minor');
      if (asked.node !== undefined && minor < 5 && !isUuid(asked.node)) throw notAcceptable();
      return call.json(validateInterfaces(findNode(world, asked.node_uuid ?? asked.node ?? '', minor)));
    },
  });

  resource(app, '/v1/nodes/:ident', {
    GET: (call) => {
      const ident = pathIdent(call);
      const { fields } = readQuery(query(call), { fields: list });
      const minor = call.get('minor');
      const node = findNode(world, ident, minor);
      if (fields && minor < 8) throw notAcceptable();
      if (fields) requireFields(minor, fields);
      return call.json(viewNode(node, viewer(call), fields));
    },
    PATCH: async (call) => {
      const ident = pathIdent(call);
      const body = await jsonBody(call);
      const { reset_interfaces } = readQuery(query(call), { reset_interfaces: boolean });
      const patch = readPatch(body);
      const minor = call.get('minor');
      checkPatch(patch, reset_interfaces, minor);
      const node = findNode(world, ident, minor);
      patchNode(world, ident, node, patch, minor);
      // The answer still shows the lock of the conductor, which is gone when the answer arrives.
      return call.json(viewNode({ ...node, reservation: CONDUCTOR }, viewer(call)));
    },
    DELETE: (call) => {
      removeNode(world, pathNode(world, call));
      return noContent();
    },
  });

  resource(app, '/v1/nodes/:ident/validate', {
    GET: (call) => call.json(validateInterfaces(pathNode(world, call))),
  });

  resource(app, '/v1/nodes/:ident/states', {
    GET: (call) => call.json(viewStates(pathNode(world, call), call.get('minor'))),
  });

  app.get('/v1/nodes/:ident/states/console', (call) =>
    call.json({ console_enabled: pathNode(world, call).console_enabled, console_info: null }),
  );

  resource(app, '/v1/nodes/:ident/vendor_passthru/methods', {
    GET: (call) => {
      pathNode(world, call);
      return call.json({});
    },
  });

  resource(app, '/v1/nodes/:ident/maintenance', {
    PUT: async (call) => {
      const ident = pathIdent(call);
      const body = await memberBody(call, ['reason']);
      const reason = readText('reason', body.reason ?? null);
      const node = findNode(world, ident, call.get('minor'));
      requireUnlocked(node);
      world.fleet.update(node, { maintenance: true, maintenance_reason: reason }, world.now());
      return accepted();
    },
    DELETE: (call) => {
      const node = pathNode(world, call);
      requireUnlocked(node);
      world.fleet.update(node, { maintenance: false, maintenance_reason: null, fault: null }, world.now());
      return accepted();
    },
  });
}

/** Ironic takes an unknown path below a node for a field of it. Register this after all other routes. */
export function nodeFieldRoute(app: App, world: World): void {
  app.get('/v1/nodes/:ident/:fields', (call) => {
    const fields = list('fields', segment(call, 'fields'));
    const minor = call.get('minor');
    const node = pathNode(world, call);
    if (minor < 8) throw notAcceptable();
    requireFields(minor, fields);
    return call.json(viewNode(node, viewer(call), fields));
  });
}
