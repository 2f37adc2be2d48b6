import { boolean, isLogicalName, isUuid, list, readQuery, refuseUnexpected, uuid, uuidOrName } from './arguments.js';
import {
  type App,
  accepted,
  type Call,
  jsonBody,
  memberBody,
  noContent,
  origin,
  query,
  resource,
  segment,
} from './call.js';
import { validateInterfaces } from './deploy-checks.js';
import { Abort, Fault, nodeNotFound, notAcceptable } from './errors.js';
import { isObject } from './json.js';
import { CONDUCTOR, type Node } from './node.js';
import { checkPatch, enrollNode, patchNode, removeNode } from './node-changes.js';
import { listNodes, listNodesInDetail } from './node-list.js';
import { type Viewer, viewNode, viewStates } from './node-view.js';
import { readPatch } from './patch.js';
import { repr } from './python.js';
import { requireFields } from './version.js';
import { requireUnlocked, type World } from './world.js';

export function viewer(call: Call): Viewer {
  return { minor: call.get('minor'), base: origin(call) };
}

/** The node that a path names. What can be no name at all is refused before any controller sees it. */
export function pathIdent(call: Call): string {
  const ident = segment(call, 'ident');
  if (!isLogicalName(ident) && !isUuid(ident)) throw new Abort(400, `Expected UUID or name for node: ${ident}`);
  return ident;
}

export function findNode(world: World, ident: string, minor: number): Node {
  // Names are known since version 1.5.
  const node = isUuid(ident) ? world.fleet.byUuid(ident) : minor >= 5 ? world.fleet.byName(ident) : undefined;
  if (!node) throw nodeNotFound(ident);
  return node;
}

export function pathNode(world: World, call: Call): Node {
  return findNode(world, pathIdent(call), call.get('minor'));
}

/** The routes under /v1/nodes that are about nodes as such. */
export function nodeRoutes(app: App, world: World): void {
  const withoutIdent = () => {
    throw new Fault(400, 'Missing mandatory parameter: node_ident');
  };

  resource(app, '/v1/nodes', {
    GET: (call) => call.json(listNodes(world, viewer(call), query(call))),
    POST: async (call) => {
      const body = await jsonBody(call);
      if (!isObject(body)) throw new Fault(400, `Schema error for node: ${repr(body)} is not of type 'object'`);
      const node = enrollNode(world, body, call.get('minor'));
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
      return call.json(validateInterfaces(world, findNode(world, asked.node_uuid ?? asked.node ?? '', minor)));
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
      // The answer is the node as the conductor held it: with the lock that is gone when the answer arrives.
      return call.json(viewNode({ ...node, reservation: CONDUCTOR }, viewer(call)));
    },
    DELETE: (call) => {
      removeNode(world, pathNode(world, call));
      return noContent();
    },
  });

  resource(app, '/v1/nodes/:ident/validate', {
    GET: (call) => call.json(validateInterfaces(world, pathNode(world, call))),
  });

  resource(app, '/v1/nodes/:ident/states', {
    GET: (call) => call.json(viewStates(pathNode(world, call), call.get('minor'))),
  });

  resource(app, '/v1/nodes/:ident/maintenance', {
    PUT: async (call) => {
      const ident = pathIdent(call);
      const body = await memberBody(call);
      refuseUnexpected(Object.keys(body), ['reason']);
      const reason = body.reason ?? null;
      if (reason !== null && typeof reason !== 'string') {
        throw new Fault(400, `Expected string for reason: ${repr(reason)}`);
      }
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
