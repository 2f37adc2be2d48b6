import { readText } from '../dialect/arguments.js';
import { type App, accepted, memberBody, origin, resource } from '../dialect/call.js';
import { Fault, invalidStateRequested, notAcceptable } from '../dialect/errors.js';
import { repr } from '../dialect/python.js';
import { switchPower } from '../stories/management.js';
import { requireUnlocked, type World } from '../world/world.js';
import { findNode, pathIdent } from './node-address.js';

const targets: readonly string[] = ['power on', 'power off', 'rebooting', 'soft rebooting', 'soft power off'];

/** PUT /v1/nodes/{ident}/states/power. */
export function powerRoutes(app: App, world: World): void {
  resource(app, '/v1/nodes/:ident/states/power', {
    PUT: async (call) => {
      const ident = pathIdent(call);
      const body = await memberBody(call, ['target', 'timeout']);
      if (body.target === undefined) throw new Fault(400, 'Missing mandatory parameter: target');
      const target = readText('target', body.target) ?? 'None';
      const timeout = body.timeout ?? null;
      if (timeout !== null && !/^-?\d+$/.test(String(timeout))) {
        throw new Fault(400, `Expected an integer for timeout: ${repr(timeout)}`);
      }
      const minor = call.get('minor');
      const node = findNode(world, ident, minor);
      if ((target.startsWith('soft ') || timeout !== null) && minor < 27) throw notAcceptable();
      if (timeout !== null && Number(timeout) < 1) throw new Fault(400, 'timeout has to be positive integer');
      if (!targets.includes(target)) throw invalidStateRequested(target, ident, node.power_state ?? 'None');
      if (node.provision_state === 'cleaning' || node.provision_state === 'clean wait') {
        throw invalidStateRequested(target, ident, node.provision_state);
      }
      requireUnlocked(node);
      switchPower(world, node, target);
      return accepted(`${origin(call)}/v1/nodes/${ident}/states`);
    },
  });
}
