import { boolean, integer, list, readQuery, text } from '../dialect/arguments.js';
import { type App, type Call, links, origin, query, resource, segment } from '../dialect/call.js';
import { fieldsToShow, pageOf, pick } from '../dialect/collection.js';
import { Fault, notAcceptable } from '../dialect/errors.js';
import type { JsonObject } from '../dialect/json.js';
import { requireVersion } from '../dialect/version.js';
import { time } from '../nodes/node-view.js';
import { CONDUCTOR, DRIVER, interfaces } from '../world/node.js';
import type { World } from '../world/world.js';

/** /v1/conductors, since version 1.49, and /v1/drivers. */
export function conductorRoutes(app: App, world: World): void {
  const began = world.now();
  resource(app, '/v1/conductors', {
    GET: (call) => {
      requireConductors(call);
      const asked = readQuery(query(call), {
        marker: text,
        limit: integer,
        sort_key: text,
        sort_dir: text,
        fields: list,
        detail: boolean,
      });
      const fields = fieldsToShow(asked.fields, asked.detail, ['hostname', 'conductor_group', 'alive']);
      const { marker, ...paging } = asked;
      const conductors = marker === undefined ? [viewConductor(call, began, world.now())] : [];
      const sorting = { sortable: ['hostname', 'conductor_group'], unsortable: ['alive', 'drivers'] };
      return call.json(
        pageOf(conductors, paging, { ...sorting, name: 'conductors', url: 'conductors', fields, base: origin(call) }),
      );
    },
  });
  resource(app, '/v1/conductors/:hostname', {
    GET: (call) => {
      requireConductors(call);
      const hostname = segment(call, 'hostname');
      if (hostname !== CONDUCTOR) throw new Fault(404, `Conductor ${hostname} could not be found.`);
      const { fields } = readQuery(query(call), { fields: list });
      return call.json(pick(viewConductor(call, began, world.now()), fields));
    },
  });

  resource(app, '/v1/drivers', {
    GET: (call) => {
      const asked = readQuery(query(call), { type: text, detail: boolean, fields: list });
      const minor = call.get('minor');
      const fields = fieldsToShow(asked.fields, asked.detail);
      if (asked.detail !== undefined || asked.type !== undefined) requireVersion(minor, 30);
      if (asked.fields && minor < 77) throw notAcceptable();
      if (asked.type !== undefined && asked.type !== 'classic' && asked.type !== 'dynamic') {
        throw new Fault(400, '"type" filter must be one of "classic" or "dynamic", if specified.');
      }
      const drivers = asked.type === 'classic' ? [] : [viewDriver(call, asked.detail ?? false)];
      return call.json({ drivers: drivers.map((driver) => pick(driver, fields)) });
    },
  });
  resource(app, '/v1/drivers/:driver', {
    GET: (call) => {
      const { fields } = readQuery(query(call), { fields: list });
      if (fields && call.get('minor') < 77) throw notAcceptable();
      requireDriver(call);
      return call.json(pick(viewDriver(call, true), fields));
    },
  });
  resource(app, '/v1/drivers/:driver/properties', {
    GET: (call) => {
      requireDriver(call);
      return call.json(driverProperties);
    },
  });
}

function requireConductors(call: Call): void {
  if (call.get('minor') < 49) throw new Fault(404, 'Resource could not be found.');
}

function requireDriver(call: Call): void {
  const driver = segment(call, 'driver');
  if (driver !== DRIVER) {
    throw new Fault(404, `Could not find the following driver(s) or hardware type(s): ${driver}.`);
  }
}

function viewConductor(call: Call, began: number, now: number): JsonObject {
  return {
    created_at: time(began),
    updated_at: time(now),
    hostname: CONDUCTOR,
    conductor_group: '',
    drivers: [DRIVER],
    links: links(origin(call), `conductors/${CONDUCTOR}`),
    alive: true,
  };
}

function viewDriver(call: Call, detail: boolean): JsonObject {
  const minor = call.get('minor');
  const base = origin(call);
  const kindVersions: Readonly<Record<string, number>> = { storage: 33, rescue: 38, bios: 40 };
  const kinds = Object.entries(interfaces).filter(([kind]) => minor >= (kindVersions[kind] ?? 30));
  return {
    name: DRIVER,
    hosts: [CONDUCTOR],
    links: links(base, `drivers/${DRIVER}`),
    ...(minor >= 14 && { properties: links(base, `drivers/${DRIVER}/properties`) }),
    ...(minor >= 30 && { type: 'dynamic' }),
    ...(detail &&
      Object.fromEntries(
        kinds.flatMap(([kind, names]) => [
          [`default_${kind}_interface`, names[0]],
          [`enabled_${kind}_interfaces`, [...names]],
        ]),
      )),
  };
}

const driverProperties: JsonObject = {
  deploy_kernel: 'UUID (from Glance) of the deployment kernel. Required.',
  deploy_ramdisk: 'UUID (from Glance) of the ramdisk that is mounted at boot time. Required.',
};
