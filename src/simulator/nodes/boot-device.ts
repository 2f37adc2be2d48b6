import { readBoolean } from '../dialect/arguments.js';
import { type App, memberBody, noContent, resource } from '../dialect/call.js';
import { Fault } from '../dialect/errors.js';
import { repr } from '../dialect/python.js';
import { requireUnlocked, type World } from '../world/world.js';
import { findNode, pathIdent, pathNode } from './node-address.js';

const devices: readonly string[] = ['pxe', 'disk', 'cdrom', 'bios', 'safe'];

/** The boot device of a node: /v1/nodes/{ident}/management/boot_device. */
export function bootDeviceRoutes(app: App, world: World): void {
  resource(app, '/v1/nodes/:ident/management/boot_device', {
    GET: (call) => call.json({ ...pathNode(world, call).boot_device }),
    PUT: async (call) => {
      const ident = pathIdent(call);
      const body = await memberBody(call, ['boot_device', 'persistent']);
      const { boot_device: device, persistent = false } = body;
      if (device === undefined) throw new Fault(400, 'Missing mandatory parameter: boot_device');
      const lasting = readBoolean('persistent', persistent) ?? false;
      const node = findNode(world, ident, call.get('minor'));
      requireUnlocked(node);
      if (typeof device !== 'string' || !devices.includes(device)) {
        throw new Fault(400, `Invalid boot device ${typeof device === 'string' ? device : repr(device)} specified.`);
      }
      world.fleet.update(node, { boot_device: { boot_device: device, persistent: lasting } }, world.now());
      return noContent();
    },
  });
  resource(app, '/v1/nodes/:ident/management/boot_device/supported', {
    GET: (call) => {
      pathNode(world, call);
      return call.json({ supported_boot_devices: [...devices] });
    },
  });
}
