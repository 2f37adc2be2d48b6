import { boolean, integer, pageLimit, readQuery, uuid } from '../dialect/arguments.js';
import { type App, type Call, origin, query, resource, segment } from '../dialect/call.js';
import { Abort, Fault } from '../dialect/errors.js';
import type { JsonObject } from '../dialect/json.js';
import { CONDUCTOR, type HistoryEntry, type Node } from '../world/node.js';
import type { World } from '../world/world.js';
import { pathIdent, pathNode } from './node-address.js';
import { time } from './node-view.js';

/** A list cuts the text of an event after this many characters. A single event has the whole text. */
const EXCERPT = 255;

const notFound = (ident: string) => new Fault(404, `Node history record ${ident} could not be found.`);

/** The errors of a node: /v1/nodes/{ident}/history, since version 1.78. */
export function historyRoutes(app: App, world: World): void {
  const historyNode = (call: Call) => {
    if (call.get('minor') < 78) throw new Abort(404);
    return pathNode(world, call);
  };

  resource(app, '/v1/nodes/:ident/history', {
    GET: (call) => {
      const node = historyNode(call);
      const asked = readQuery(query(call), { detail: boolean, marker: uuid, limit: integer });
      const limit = pageLimit(asked.limit);
      const { history } = node;
      const after = asked.marker === undefined ? 0 : history.findIndex(({ uuid: id }) => id === asked.marker) + 1;
      if (asked.marker !== undefined && after === 0) throw notFound(asked.marker);
      const page = history.slice(after, after + limit);
      const last = page.at(-1);
      const next = `${origin(call)}/v1/nodes/${pathIdent(call)}/history?limit=${limit}&marker=${last?.uuid}`;
      return call.json({
        history: page.map((entry) => view(node, entry, origin(call), asked.detail ?? false)),
        ...(page.length === limit && { next }),
      });
    },
  });
  resource(app, '/v1/nodes/:ident/history/:event', {
    GET: (call) => {
      const node = historyNode(call);
      const ident = segment(call, 'event');
      const entry = node.history.find(({ uuid: id }) => id === ident);
      if (!entry) throw notFound(ident);
      return call.json(view(node, entry, origin(call), true));
    },
  });
}

function view(node: Node, entry: HistoryEntry, base: string, whole: boolean): JsonObject {
  const { uuid: id, event, event_type } = entry;
  const excerpt = event.length > EXCERPT ? `${event.slice(0, EXCERPT - 4)}...` : event;
  return {
    uuid: id,
    created_at: time(entry.created_at),
    severity: 'ERROR',
    ...(whole && { event_type }),
    event: whole ? event : excerpt,
    ...(whole && { conductor: CONDUCTOR, user: null }),
    links: [{ href: `${base}/v1/nodes/${node.uuid}/history/${id}`, rel: 'self' }],
  };
}
