import type { Node } from './actor-lab.js';
import type { Change, Journal } from './journal.js';
import type { Call, Meant } from './ways.js';

/** A change of ours to what was not ours. */
export interface Trespass {
  readonly words: string;
  readonly change: Change;
}

/** What the call knows a deployment of its own by. */
export interface Own {
  /** The deployment ids under which it has reserved, or that it was asked to deploy again. */
  readonly deploymentIds: ReadonlySet<string>;
  readonly attemptIds: ReadonlySet<string>;
}

const inNone = new Set(['available', 'enroll', 'manageable', 'verifying', 'cleaning', 'clean wait', 'deleting']);

/** Whether a deployment is on a node, or under way. */
export function inDeployment({ provision_state: state }: Node): boolean {
  return !inNone.has(state);
}

interface Patch {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

function patchOf(change: Change): readonly Patch[] {
  return Array.isArray(change.body) ? change.body : [];
}

function reservedId(change: Change): string | undefined {
  const line = patchOf(change).find(({ op, path }) => op === 'add' && path === '/instance_uuid');
  return line && String(line.value);
}

function isRelease(change: Change): boolean {
  return patchOf(change).some(({ op, path }) => op === 'remove' && path === '/instance_uuid');
}

/** The attempts that a node's description carries for a deployment. */
export function attemptsOn({ instance_info: info }: Pick<Node, 'instance_info'>, deploymentId: string): string[] {
  const entries = info.ironic_mcp as Record<string, { attempt?: object }> | undefined;
  return Object.keys(entries?.[deploymentId]?.attempt ?? {});
}

/** What is the call's own after its first changes. */
export function ownOf({ changes }: Journal, call: Call, retried: Node | null): Own {
  const deploymentIds = new Set<string>();
  const attemptIds = new Set<string>();
  if (call.request?.retry_failed && retried?.instance_uuid) deploymentIds.add(retried.instance_uuid);
  for (const change of changes) {
    const id = reservedId(change);
    if (id === undefined) continue;
    deploymentIds.add(id);
    const info = patchOf(change).find(({ path }) => path === '/instance_info')?.value;
    for (const attempt of attemptsOn({ instance_info: info as Node['instance_info'] }, id)) attemptIds.add(attempt);
  }
  return { deploymentIds, attemptIds };
}

/** Finds what the call did to nodes that were not, or no longer, its own. */
export function trespassesOf(journal: Journal, call: Call, own: Own): readonly Trespass[] {
  return journal.changes.flatMap((change) => {
    const words = wrongWith(change, journal, call, own);
    return words === undefined ? [] : [{ words: `request ${change.nth} ${words}`, change }];
  });
}

function wrongWith(change: Change, journal: Journal, call: Call, own: Own): string | undefined {
  const { kind, before } = change;
  const isOwn = before.instance_uuid !== null && own.deploymentIds.has(before.instance_uuid);
  const whose = before.instance_uuid ?? 'nobody';
  const where = `${before.name} (${before.provision_state}, of ${whose})`;
  switch (kind) {
    case 'start':
      return target(change) === 'deleted'
        ? wrongEnd(before, call.meant, journal, where)
        : wrongStart(before, call, own, isOwn, where);
    case 'change of the server':
      return wrongPatch(change, call, own, journal, where);
    case 'attach':
      return isOwn ? undefined : `attached a port to ${where}`;
    default:
      return wrongDetachment(change, call, isOwn, where);
  }
}

/** A port of ours may be detached from any server, unless a call with the same key deploys with it. */
function wrongDetachment({ before, vif }: Change, call: Call, isOwn: boolean, where: string): string | undefined {
  const isMeant = call.meant !== undefined && before.instance_uuid === call.meant.node?.instance_uuid;
  if (inDeployment(before) && isOwn) return `detached a port from the deployment on ${where}`;
  return isOwn || isMeant || call.request?.vifs?.includes(String(vif)) ? undefined : `detached a port from ${where}`;
}

function wrongStart(before: Node, call: Call, own: Own, isOwn: boolean, where: string): string | undefined {
  if (call.meant) return `deployed ${where} instead of undeploying`;
  if (!isOwn) return `started the deployment of ${where}`;
  const expected = call.request?.retry_failed ? ['available', 'deploy failed'] : ['available'];
  if (!expected.includes(before.provision_state)) return `started ${where} although its state is another`;
  const attempts = attemptsOn(before, String(before.instance_uuid));
  const isDescribed = attempts.some((attempt) => own.attemptIds.has(attempt));
  // Another call for the same deployment describes the same.
  const isShared = call.request?.idempotency_key !== undefined || call.request?.retry_failed === true;
  return isDescribed || isShared ? undefined : `started ${where}, described by others`;
}

function wrongEnd(before: Node, meant: Meant | undefined, journal: Journal, where: string): string | undefined {
  if (!meant) return `undeployed ${where}`;
  const intended = intendedBy(meant, journal);
  if (!intended || before.provision_state === 'error') return undefined;
  return isSameDeployment(intended, before) ? undefined : `undeployed ${where}, another deployment than was meant`;
}

/**
 * What a call is to undeploy: the first deployment that it saw, if its caller named that one. A key that deploys
 * again gives the same id, so nobody could mean the earlier deployment before that read.
 */
export function intendedBy({ id, node }: Meant, { firstSight }: Journal): Node | undefined {
  const seen = firstSight.get(id);
  return seen && (node === undefined || seen.instance_uuid === node.instance_uuid) ? seen : node;
}

/** Whether a node carries the very same deployment. A rebuild by somebody else does not change that. */
export function isSameDeployment(one: Node, other: Node): boolean {
  if (one.instance_uuid !== other.instance_uuid) return false;
  const id = one.instance_uuid;
  if (id !== null) return attemptsOn(one, id).join() === attemptsOn(other, id).join();
  const image = (node: Node) => node.instance_info.image_source;
  return image(one) === image(other) && one.provision_updated_at === other.provision_updated_at;
}

function wrongPatch(change: Change, call: Call, own: Own, journal: Journal, where: string): string | undefined {
  const { before } = change;
  if (!isRelease(change)) {
    if (before.instance_uuid === null) return isByHand(change, call) ? `described ${where}` : undefined;
    return before.instance_uuid === reservedId(change) ? undefined : `described ${where}`;
  }
  if (call.meant?.isLive) return `released ${where}, which another call is about to deploy`;
  // What somebody deployed by hand, when our reservation came, is given back.
  const isGivenBack = journal.changes.some((each) => each.nth < change.nth && isByHand(each, call));
  if (inDeployment(before) && !isGivenBack) return `took the id off the deployment on ${where}`;
  if (call.meant) return undefined;
  const ids = [...own.deploymentIds];
  const isDescribed = ids.some((id) => attemptsOn(before, id).some((attempt) => own.attemptIds.has(attempt)));
  return isDescribed || isGivenBack ? undefined : `released ${where}`;
}

/** Whether a reservation landed on what somebody deployed by hand: Ironic accepts that if there is no deployment id. */
function isByHand(change: Change, { request }: Call): boolean {
  const { before } = change;
  if (reservedId(change) === undefined || before.instance_uuid !== null || !inDeployment(before)) return false;
  // A failed deployment belongs to nobody once somebody has removed its id.
  return !(request?.retry_failed === true && before.provision_state === 'deploy failed');
}

/** A reservation that Ironic could not be kept from. */
export function isUnconditional({ change }: Trespass): boolean {
  return reservedId(change) !== undefined && change.before.instance_uuid === null;
}

export function target({ body }: Change): unknown {
  return (body as { target?: unknown } | undefined)?.target;
}
