import { readBoolean, readText } from '../dialect/arguments.js';
import { type App, accepted, type Handler, memberBody, origin, resource } from '../dialect/call.js';
import {
  Fault,
  invalidStateRequested,
  nodeInMaintenance,
  nodeLocked,
  nodeProtected,
  notAcceptable,
  unsupported,
} from '../dialect/errors.js';
import type { JsonObject } from '../dialect/json.js';
import { requireVersion } from '../dialect/version.js';
import { abortCleaning, cleanManually, provide, tearDown } from '../stories/cleaning.js';
import { checkDeployable } from '../stories/deploy-checks.js';
import { startDeployment } from '../stories/deployment.js';
import { inferImageType, sourceProblem } from '../stories/image-source.js';
import { abortInspection, adopt, inspect, move, verify } from '../stories/management.js';
import { readSteps } from '../stories/step.js';
import { internalInfo, type Node } from '../world/node.js';
import { eventOf, follow } from '../world/state-machine.js';
import { requireUnlocked, type World } from '../world/world.js';
import { checkConfigDrive } from './config-drive.js';
import { findNode, pathIdent } from './node-address.js';

/** The version that added a target. */
const targetVersions: Readonly<Record<string, number>> = {
  manage: 4,
  provide: 4,
  inspect: 6,
  abort: 13,
  clean: 15,
  adopt: 17,
  rescue: 38,
  unrescue: 38,
  deploy: 73,
  undeploy: 73,
};

const members = ['target', 'configdrive', 'clean_steps', 'deploy_steps', 'rescue_password', 'disable_ramdisk'];

/** PUT /v1/nodes/{ident}/states/provision: the only way to change the state of a node. */
export function provisionRoutes(app: App, world: World): void {
  const put: Handler = async (call) => {
    const ident = pathIdent(call);
    const body = await memberBody(call, members);
    if (body.target === undefined) throw new Fault(400, 'Missing mandatory parameter: target');
    const target = readText('target', body.target) ?? 'None';
    const minor = call.get('minor');
    const node = findNode(world, ident, minor);
    checkTarget(node, target, minor);
    checkExtras(target, body, minor);
    if (target === 'abort' && node.provision_state === 'inspect wait' && minor < 41) throw notAcceptable();
    act(world, node, target, body);
    return accepted(`${origin(call)}/v1/nodes/${ident}/states`);
  };
  // Ironic lists GET as allowed here, but does not answer it.
  resource(app, '/v1/nodes/:ident/states/provision', { PUT: put }, 'GET');
}

/** Refuses a target that the node cannot reach. The checks are in Ironic's order. */
function checkTarget(node: Node, target: string, minor: number): void {
  if (minor < (targetVersions[target] ?? 0)) throw notAcceptable();
  if (node.maintenance && (target === 'active' || target === 'rebuild')) {
    throw nodeInMaintenance('provisioning', node.uuid);
  }
  if (follow(node.provision_state, eventOf(target)) !== undefined) return;
  // A busy node is a conflict. Otherwise the request is wrong.
  if (node.reservation !== null) throw nodeLocked(node.uuid, node.reservation);
  throw invalidStateRequested(target, node.uuid, node.provision_state);
}

/** Refuses members of the body that do not go with the target. */
function checkExtras(target: string, body: JsonObject, minor: number): void {
  checkConfigDrive(target, body.configdrive, minor);
  if (body.disable_ramdisk !== undefined && body.disable_ramdisk !== null) {
    readBoolean('disable_ramdisk', body.disable_ramdisk);
    if (minor < 70) throw notAcceptable('disable_ramdisk is not acceptable in this API version');
    if (target !== 'clean') throw new Fault(400, 'disable_ramdisk is supported only with manual cleaning');
  }
  if (body.clean_steps && target !== 'clean') throw onlyWith('clean_steps', 'clean');
  if (body.deploy_steps) {
    requireVersion(minor, 69);
    if (target !== 'active' && target !== 'rebuild') throw onlyWith('deploy_steps', 'active or rebuild');
  }
  if (typeof body.rescue_password === 'string' && target !== 'rescue') throw onlyWith('rescue_password', 'rescue');
}

function onlyWith(name: string, targets: string): Fault {
  return new Fault(400, `"${name}" is only valid when setting target provision state to ${targets}`);
}

function act(world: World, node: Node, target: string, body: JsonObject): void {
  const event = eventOf(target);
  if (event === 'deploy' || event === 'rebuild') deploy(world, node, event, body);
  else if (event === 'delete') undeploy(world, node);
  else if (event === 'clean') clean(world, node, body);
  else if (event === 'inspect') startInspection(world, node);
  else if (event === 'rescue') refuseRescue(node, body);
  else if (event === 'manage' || event === 'provide' || event === 'adopt' || event === 'abort') {
    requireUnlocked(node);
    manage(world, node, event);
  } else throw new Fault(400, `The requested action "${target}" could not be understood.`);
}

function deploy(world: World, node: Node, event: 'deploy' | 'rebuild', body: JsonObject): void {
  const steps = readSteps('deploy', body.deploy_steps);
  requireUnlocked(node);
  if (node.maintenance) throw nodeInMaintenance('provisioning', node.uuid);
  if (event === 'rebuild' && node.protected) throw nodeProtected(node.uuid);
  const problem = sourceProblem(node.instance_info);
  if (problem !== undefined) throw new Fault(500, problem);
  noteImageType(world, node);
  checkDeployable(node);
  startDeployment(world, node, { event, configDrive: body.configdrive, steps });
}

/** Ironic stores the type of the image before it checks the rest, and may then still refuse the request. */
function noteImageType(world: World, node: Node): void {
  const imageType = inferImageType(world, node.instance_info);
  if (imageType === undefined) return;
  const instanceInfo = { ...node.instance_info, image_type: imageType };
  const internal = internalInfo(node, { is_whole_disk_image: imageType === 'whole-disk' });
  world.fleet.update(node, { instance_info: instanceInfo, driver_internal_info: internal }, world.now());
}

function undeploy(world: World, node: Node): void {
  requireUnlocked(node);
  if (node.protected) throw nodeProtected(node.uuid);
  tearDown(world, node);
}

function startInspection(world: World, node: Node): void {
  requireUnlocked(node);
  if (node.inspect_interface === 'no-inspect') throw unsupported(node.driver, 'inspect');
  inspect(world, node);
}

function clean(world: World, node: Node, body: JsonObject): void {
  const steps = readSteps('clean', body.clean_steps);
  if (steps.length === 0) {
    throw new Fault(400, '"clean_steps" is required when setting target provision state to clean');
  }
  requireUnlocked(node);
  if (node.maintenance) throw nodeInMaintenance('cleaning', node.uuid);
  cleanManually(world, node, steps);
}

/** The simulated servers have no rescue system. Their `rescue_interface` is `no-rescue`. */
function refuseRescue(node: Node, body: JsonObject): never {
  if (typeof body.rescue_password !== 'string' || body.rescue_password.trim() === '') {
    throw new Fault(400, 'A non-empty "rescue_password" is required when setting target provision state to rescue');
  }
  requireUnlocked(node);
  if (node.maintenance) throw nodeInMaintenance('rescuing', node.uuid);
  const reason = `Validation failed: ${unsupported(node.driver, 'rescue').message}`;
  throw new Fault(500, `Failed to rescue instance ${node.instance_uuid} for node ${node.uuid}: ${reason}`);
}

function manage(world: World, node: Node, event: 'manage' | 'provide' | 'adopt' | 'abort'): void {
  const state = node.provision_state;
  if (event === 'provide') {
    if (node.retired) {
      throw new Fault(400, `The providing operation can't be performed on node ${node.uuid} because it is retired.`);
    }
    provide(world, node);
  } else if (event === 'manage' && state === 'enroll') verify(world, node);
  else if (event === 'adopt') adopt(world, node);
  else if (state === 'clean wait') abortCleaning(world, node);
  else if (state === 'inspect wait') abortInspection(world, node);
  else move(world, node, event);
}
