import {
  type App,
  type Call,
  collectionMethods,
  jsonBody,
  noContent,
  origin,
  resource,
  segment,
} from '../dialect/call.js';
import { Abort, Fault, notAcceptable } from '../dialect/errors.js';
import type { Json } from '../dialect/json.js';
import { repr } from '../dialect/python.js';
import { schemaOf } from '../dialect/schema.js';
import type { Node } from '../world/node.js';
import { requireUnlocked, type World } from '../world/world.js';
import { pathIdent, pathNode } from './node-address.js';

/** The traits of a node: /v1/nodes/{ident}/traits, since version 1.37. */
export function traitRoutes(app: App, world: World): void {
  const change = (node: Node, traits: Iterable<string>) => {
    requireUnlocked(node);
    const count = new Set(traits).size;
    const problem = `would exceed the maximum number of traits per node (${count} vs. 50)`;
    if (count > 50) throw new Fault(400, `Could not modify traits for node ${node.id} as it ${problem}`);
    world.fleet.update(node, { traits: [...new Set(traits)].sort() }, world.now());
  };

  app.use('/v1/nodes/:ident/traits/*', async (call, next) => {
    requireTraits(call);
    await next();
  });

  resource(app, '/v1/nodes/:ident/traits', {
    GET: (call) => call.json({ traits: [...pathNode(world, call).traits] }),
    PUT: async (call) => {
      const traits = readTraits(await jsonBody(call));
      change(pathNode(world, call), traits);
      return noContent();
    },
    DELETE: (call) => {
      change(pathNode(world, call), []);
      return noContent();
    },
  });

  resource(app, '/v1/nodes/:ident/traits/:trait', {
    PUT: async (call) => {
      const trait = segment(call, 'trait');
      checkTrait('trait', trait);
      const body = await call.req.text();
      if (body !== '' && body !== '{}') throw new Fault(400, 'No body should be provided when adding a trait');
      const node = pathNode(world, call);
      change(node, [...node.traits, trait]);
      return noContent(`${origin(call)}/v1/nodes/${pathIdent(call)}/traits/${trait}`);
    },
    DELETE: (call) => {
      const node = pathNode(world, call);
      const trait = segment(call, 'trait');
      if (!node.traits.includes(trait)) throw new Fault(404, `Node ${node.uuid} doesn't have a trait '${trait}'`);
      const others = node.traits.filter((each) => each !== trait);
      change(node, others);
      return noContent();
    },
  });
}

/** To older versions, `traits` is a field of the node or unknown. */
function requireTraits(call: Call): void {
  if (call.get('minor') >= 37) return;
  if (call.req.method === 'GET') throw notAcceptable();
  if (call.req.method === 'DELETE') throw new Fault(404, 'Resource could not be found.');
  throw new Abort(405, '', { Allow: collectionMethods });
}

function readTraits(body: Json): readonly string[] {
  const { wrongType, object } = schemaOf('Schema error for body');
  const { traits } = object(body, ['traits']);
  if (traits === undefined) {
    const one = 'A single node trait may be added via PUT /v1/nodes/<node identifier>/traits/<trait> with no body';
    const all = 'all node traits may be replaced via PUT /v1/nodes/<node identifier>/traits';
    throw new Fault(400, `${one}, or ${all} with the list of traits specified in the request body.`);
  }
  if (!Array.isArray(traits)) throw wrongType(traits, "'array'");
  return traits.map((trait) => checkTrait('body', trait));
}

/** A trait is a custom one, or has a prefix of OpenStack's standard traits. */
export function checkTrait(argument: string, trait: Json): string {
  const { refuse, wrongType } = schemaOf(`Schema error for ${argument}`);
  if (typeof trait !== 'string') throw wrongType(trait, "'string'");
  if (/^(CUSTOM|COMPUTE|HW|MISC|OWNER|STORAGE)_[A-Z0-9_]+$/.test(trait) && trait.length <= 255) return trait;
  throw refuse(
    `${repr(trait)} is not valid under any of the given schemas. Possible root cause: ${repr(trait)} does not match '^CUSTOM_[A-Z0-9_]+$'`,
  );
}
