import { isLogicalName, isUuid } from '../dialect/arguments.js';
import { type Call, origin, segment } from '../dialect/call.js';
import { Abort, nodeNotFound } from '../dialect/errors.js';
import type { Node } from '../world/node.js';
import type { World } from '../world/world.js';
import type { Viewer } from './node-view.js';

export function viewer(call: Call): Viewer {
  return { minor: call.get('minor'), base: origin(call) };
}

/** The node that a path names. Ironic refuses an invalid name before a controller sees it. */
export function pathIdent(call: Call): string {
  const ident = segment(call, 'ident');
  if (!isLogicalName(ident) && !isUuid(ident)) throw new Abort(400, `Expected UUID or name for node: ${ident}`);
  return ident;
}

export function findNode(world: World, ident: string, minor: number): Node {
  // Nodes have names since version 1.5.
  const node = isUuid(ident) ? world.fleet.byUuid(ident) : minor >= 5 ? world.fleet.byName(ident) : undefined;
  if (!node) throw nodeNotFound(ident);
  return node;
}

export function pathNode(world: World, call: Call): Node {
  return findNode(world, pathIdent(call), call.get('minor'));
}
