import type { Bystander } from './bystander.js';

/** The deployment id and the host name of the other tenant. */
const theirs = { deploymentId: '7a3a7f0c-2f0e-4d4b-9a0b-0d3f5d1c8e11', hostname: 'of-another-tenant' };

/** Removes the deployment id of a node, with or without its description. */
export async function takeOff(by: Bystander, id: string, withDescription: boolean): Promise<boolean> {
  const node = await by.node(id);
  if (!node?.instance_uuid) return false;
  return by.change('PATCH', `nodes/${id}`, [
    { op: 'remove', path: '/instance_uuid' },
    ...(withDescription ? [{ op: 'replace', path: '/instance_info', value: {} }] : []),
  ]);
}

/** Frees a node, no matter who has it. */
export async function clear(by: Bystander, id: string): Promise<boolean> {
  const node = await by.until(id);
  if (!node) return false;
  if (node.provision_state !== 'available') {
    if (!(await by.change('PUT', `nodes/${id}/states/provision`, { target: 'deleted' }))) return false;
    return (await by.until(id, 'available')) !== null;
  }
  return node.instance_uuid === null || takeOff(by, id, true);
}

/** Reserves a free node for the other tenant. */
export async function reserve(by: Bystander, id: string): Promise<boolean> {
  const reserved = await by.change('PATCH', `nodes/${id}`, [
    { op: 'add', path: '/instance_uuid', value: theirs.deploymentId },
    { op: 'add', path: '/instance_info', value: description(by) },
  ]);
  if (reserved) by.stakes.push({ id, deploymentId: theirs.deploymentId, state: 'reserved' });
  return reserved;
}

/** Deploys a node that the other tenant has reserved; or, by hand, one that is free. */
export async function deploy(by: Bystander, id: string, { byHand = false } = {}): Promise<boolean> {
  const info = [{ op: 'add', path: '/instance_info', value: description(by) }];
  if (byHand && !(await by.change('PATCH', `nodes/${id}`, info))) return false;
  const configdrive = { meta_data: { hostname: theirs.hostname } };
  if (!(await by.change('PUT', `nodes/${id}/states/provision`, { target: 'active', configdrive }))) return false;
  await by.until(id, 'active');
  by.stakes.splice(0);
  by.stakes.push({ id, deploymentId: byHand ? null : theirs.deploymentId, state: 'deployed' });
  return true;
}

/** Deletes a node, as operators do with one that somebody has: in maintenance. */
export async function remove(by: Bystander, id: string): Promise<boolean> {
  await by.until(id);
  return (await by.change('PUT', `nodes/${id}/maintenance`, {})) && by.change('DELETE', `nodes/${id}`);
}

/** Deletes a node, enrols it again and offers it. */
export async function enrolAgain(
  by: Bystander,
  id: string,
  { withItsUuid }: { withItsUuid: boolean },
): Promise<boolean> {
  const { body } = await by.ground.ask('GET', `nodes/${id}`);
  const given = Object.entries(body as Record<string, unknown>).filter(
    ([name, value]) => enrolled.test(name) && value !== null,
  );
  if (!(await remove(by, id))) return false;
  const node = { ...Object.fromEntries(given), ...(withItsUuid ? { uuid: id } : {}) };
  const answer = await by.ground.ask('POST', 'nodes', node);
  if (answer.status !== 201) throw new Error(`the node cannot be enrolled again: ${JSON.stringify(answer.body)}`);
  const { uuid } = answer.body as { uuid: string };
  for (const [target, state] of [
    ['manage', 'manageable'],
    ['provide', 'available'],
  ] as const) {
    if (!(await by.change('PUT', `nodes/${uuid}/states/provision`, { target }))) throw new Error(`no ${target}`);
    await by.until(uuid, state);
  }
  return true;
}

const enrolled = /^(name|driver|resource_class|properties|(network|deploy)_interface)$/;

function description({ ground }: Bystander): Readonly<Record<string, unknown>> {
  return { ...ground.describe(ground.images.theirs), display_name: theirs.hostname };
}

export function isTheirDrive(drive: string): boolean {
  return drive.includes(theirs.hostname);
}
