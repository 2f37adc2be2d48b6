import * as z from 'zod';
import type { BootRecord, Reservation, ReservationId } from '../core/ports.js';
import type { Server, Step } from '../core/server.js';
import { freeState, meaningOf } from '../core/states.js';
import { hostnamePattern, macPattern, userNamePattern, uuidPattern } from '../core/text/identifiers.js';
import { withoutCredentials } from '../core/text/image-ref.js';
import { momentFrom } from './moment.js';
import { redactUrls } from './redact-urls.js';
import type { Version } from './versions.js';

/** The member of `instance_info` that holds our entries by deployment id. The node's own deployment has one of them. */
export const entryMember = 'ironic_mcp';

const Ip = z.union([z.ipv4(), z.ipv6()]);

const Entry = z.object({
  started_at: z.iso.datetime(),
  image: z.string(),
  hostname: z.string().regex(hostnamePattern).optional().catch(undefined),
  digest: z.string(),
  login_user: z.string().regex(userNamePattern).optional().catch(undefined),
  source: z.string().optional().catch(undefined),
  addresses: z
    .array(z.object({ address: Ip, mac: z.string().regex(macPattern) }))
    .optional()
    .catch(undefined),
  networks: z
    .array(z.object({ id: z.string(), name: z.string() }))
    .optional()
    .catch(undefined),
  vifs: z.array(z.string().regex(uuidPattern)).optional().catch(undefined),
  // The digest is the name, so that a patch can demand it.
  expected: z.record(z.string().regex(/^[0-9a-f]{64}$/), z.uuid()).catch({}),
  booted: z
    .object({
      at: z.iso.datetime(),
      since: z.iso.datetime().nullable(),
      from: Ip.nullable(),
      host_keys: z.array(z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/)).max(8),
    })
    .optional()
    .catch(undefined),
  attempt: z.record(z.uuid(), z.unknown()).catch({}),
});

const Text = z.string().nullish().catch(null);
// Ironic puts such a text in the place of a value that we may not see, whatever the value is.
const Visible = Text.transform((text) => (/^\*\* .*redacted/i.test(text ?? '') ? undefined : text));
// A default for a missing field: catching an error for each would cost more than all the rest.
const Flag = z.boolean().default(false).catch(false);

const NodeStep = z.looseObject({ step: z.string() });

/** The fields of a node that we read. Only those that a safe deployment depends on must be well-formed. */
const Node = z.looseObject({
  uuid: z.string().regex(uuidPattern),
  name: Text,
  resource_class: Text,
  // API versions before 1.2 write null for `available`.
  provision_state: z.string().nullable(),
  target_provision_state: Text,
  provision_updated_at: Text,
  // As long as Ironic's column. It is not always a UUID, because Ironic may redact it.
  instance_uuid: z
    .string()
    .regex(/^[ -~]{0,36}$/)
    .nullable(),
  instance_info: z
    .looseObject({ image_source: Text, [entryMember]: z.unknown().optional() })
    .catch({ [entryMember]: null }),
  maintenance: z.boolean(),
  maintenance_reason: Text,
  fault: Text,
  reservation: Visible,
  power_state: Text,
  target_power_state: Text,
  retired: Flag,
  lessee: Text,
  owner: Text,
  allocation_uuid: Text,
  protected: Flag,
  automated_clean: z.boolean().nullish().catch(null),
  last_error: Visible,
  deploy_interface: Text,
  network_interface: Text,
  properties: z.looseObject({ cpu_arch: Text }).catch({}),
  traits: z.array(z.string()).catch([]),
  conductor_group: Text,
  deploy_step: NodeStep.nullish().catch(null),
  clean_step: NodeStep.nullish().catch(null),
  driver_internal_info: z
    .looseObject({
      deploy_steps: z.array(NodeStep).nullish(),
      deploy_step_index: z.number().nullish(),
      clean_steps: z.array(NodeStep).nullish().catch(undefined),
      clean_step_index: z.number().nullish().catch(null),
      agent_last_heartbeat: Text,
      agent_cached_deploy_steps_refreshed: Text,
      last_power_state_change: Text,
    })
    .nullish()
    .catch(null),
});

type Node = z.output<typeof Node>;

const ofOne = ['allocation_uuid', 'protected', 'automated_clean', 'maintenance_reason', 'fault', 'target_power_state'];

/** What only a choice among servers needs. Traits take a query of their own: without these, a list takes a fifth less time. */
const ofChoice = [
  'resource_class',
  'properties',
  'deploy_interface',
  'network_interface',
  'traits',
  'conductor_group',
  'owner',
];

/**
 * The fields to ask for: of one node, of the nodes that match a filter, of the many that are being deployed, or of all nodes
 * in a list. Lists refuse some fields, and others are too long for many nodes.
 */
export function fieldsOf(kind: 'one' | 'match' | 'moving' | 'list', version: Version): string {
  return [
    'uuid',
    'name',
    'provision_state',
    'target_provision_state',
    'provision_updated_at',
    'instance_uuid',
    'instance_info',
    'maintenance',
    // Without its lock, a deployment seems stalled.
    'reservation',
    'power_state',
    ...(kind === 'moving' ? [] : ofChoice),
    ...(kind === 'one' ? ofOne : []),
    ...(kind === 'list' ? [] : ['last_error', 'deploy_step', 'clean_step', 'driver_internal_info']),
    ...(kind !== 'moving' && version.has('retired') ? ['retired'] : []),
    ...(kind !== 'moving' && version.has('lessee') ? ['lessee'] : []),
  ].join(',');
}

/**
 * Reads a node from Ironic; undefined if this is not a node.
 * @param project The project of the sign-in, if there is one.
 */
export function serverFrom(body: unknown, project?: string | undefined): Server | undefined {
  const parsed = Node.safeParse(body);
  if (!parsed.success) return undefined;
  const node = parsed.data;
  return {
    id: node.uuid,
    name: node.name ?? null,
    resourceClass: node.resource_class ?? null,
    provisionState: node.provision_state ?? freeState,
    targetState: node.target_provision_state ?? null,
    provisionedAt: momentFrom(node.provision_updated_at),
    calledAt: momentFrom(node.driver_internal_info?.agent_cached_deploy_steps_refreshed),
    heardAt: momentFrom(node.driver_internal_info?.agent_last_heartbeat),
    deploymentId: node.instance_uuid,
    ...entryOf(node.instance_info, node.instance_uuid),
    allocated: node.allocation_uuid !== null && node.allocation_uuid !== undefined,
    isProtected: node.protected,
    automatedClean: node.automated_clean ?? null,
    imageSource: node.instance_info.image_source ?? null,
    maintenance: node.maintenance,
    maintenanceReason: node.maintenance_reason ? redactUrls(node.maintenance_reason) : null,
    fault: node.fault ?? null,
    lockedBy: node.reservation ?? null,
    showsLock: node.reservation !== undefined,
    powerState: node.power_state ?? null,
    targetPower: node.target_power_state ?? null,
    poweredAt: momentFrom(node.driver_internal_info?.last_power_state_change),
    retired: node.retired,
    lessee: node.lessee ?? null,
    tenancy: tenancyOf(node, project),
    step: stepUnderWay(node),
    lastError: node.last_error ? redactUrls(node.last_error) : null,
    cpus: sizeOf(node.properties.cpus),
    memoryMb: sizeOf(node.properties.memory_mb),
    diskGb: sizeOf(node.properties.local_gb),
    architecture: node.properties.cpu_arch ?? null,
    deployInterface: node.deploy_interface ?? null,
    networkInterface: node.network_interface ?? null,
    traits: node.traits,
    conductorGroup: node.conductor_group ?? '',
  };
}

/** The lessee counts before the owner. Without a project we ignore owners, because we cannot compare them. */
function tenancyOf({ lessee, owner }: Node, project: string | undefined): Server['tenancy'] {
  const tenant = lessee ?? (project === undefined ? null : owner);
  if (tenant === null || tenant === undefined) return 'anybody';
  return tenant === project ? 'ours' : 'others';
}

/** The JSON patch (RFC 6902) that reserves a node in one atomic change. Ironic supports add, replace and remove. */
export function reservingPatch({
  deploymentId,
  attemptId,
  entry,
  instanceInfo,
  replaces,
}: Reservation): readonly PatchOperation[] {
  const source = withoutCredentials(String(instanceInfo.image_source));
  const { expected, ...members } = entry;
  const own = {
    ...members,
    ...(expected === undefined ? {} : { expected: { [expected.digest]: expected.seed } }),
    source,
    attempt: { [attemptId]: true },
  };
  // OpenStack's own tools show this name.
  const name = entry.hostname === undefined ? entry.image : `${entry.hostname} (${entry.image})`;
  const value = { display_name: name, ...instanceInfo, [entryMember]: { [deploymentId]: own } };
  return [
    ...(replaces === undefined ? [] : [removalOf({ deploymentId, attemptId: replaces })]),
    { op: 'add', path: '/instance_uuid', value: deploymentId },
    { op: 'add', path: '/instance_info', value },
  ];
}

interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: unknown;
}

/** Makes a patch conditional: if the entry of that attempt is gone, Ironic refuses the whole patch. */
function removalOf({ deploymentId, attemptId }: ReservationId): PatchOperation {
  return { op: 'remove', path: `/instance_info/${entryMember}/${deploymentId}/attempt/${attemptId}` };
}

/**
 * The JSON patch that gives the node back. Ironic refuses a whole patch if it removes a missing member. So the first line
 * makes this patch harmless if it arrives after somebody else, or another attempt of ours, has reserved the node.
 */
export function releasingPatch({ deploymentId, attemptId }: ReservationId): readonly PatchOperation[] {
  return [
    removalOf({ deploymentId, attemptId }),
    { op: 'remove', path: '/instance_uuid' },
    { op: 'replace', path: '/instance_info', value: {} },
  ];
}

/** The JSON patch that records a boot report. Ironic refuses it if that report is no longer expected. */
export function bootPatch({ deploymentId, digest, report }: BootRecord): readonly PatchOperation[] {
  const entry = `/instance_info/${entryMember}/${deploymentId}`;
  return [
    { op: 'remove', path: `${entry}/expected/${digest}` },
    { op: 'add', path: `${entry}/booted`, value: report },
  ];
}

/** Our entry. It names the image, if Ironic still has the same image for the server. */
function entryOf(
  { image_source: imageSource, [entryMember]: entries }: Node['instance_info'],
  deploymentId: string | null,
): Pick<Server, 'entry' | 'attemptId'> {
  const none = { entry: null, attemptId: null };
  if (deploymentId === null || typeof entries !== 'object' || entries === null) return none;
  const own: Record<string, unknown> = { ...entries };
  const parsed = Entry.safeParse(own[deploymentId]);
  if (!parsed.success) return none;
  const { attempt, source, expected, ...entry } = parsed.data;
  const [awaited] = Object.entries(expected).map(([digest, seed]) => ({ digest, seed }));
  const now = imageSource ? withoutCredentials(imageSource) : source;
  // A rebuild by another tool does not change the entry.
  const isSame = source === undefined || now === undefined || now === source;
  const current = isSame ? entry : { ...entry, image: now, login_user: undefined };
  return {
    entry: { ...current, ...(awaited && { expected: awaited }) },
    attemptId: Object.keys(attempt)[0] ?? null,
  };
}

function stepUnderWay({ provision_state: state, deploy_step, clean_step, driver_internal_info }: Node): Step | null {
  const info = driver_internal_info ?? {};
  const { steps } = meaningOf({ provisionState: state ?? freeState });
  if (steps === null) return null;
  return steps === 'clean'
    ? stepOf(clean_step?.step, info.clean_steps, info.clean_step_index)
    : stepOf(deploy_step?.step, info.deploy_steps, info.deploy_step_index);
}

function stepOf(
  name: string | undefined,
  steps: readonly { readonly step: string }[] | null | undefined,
  index: number | null | undefined,
): Step | null {
  // When the work ends, Ironic clears the list, but not always the step: a stale one may still be there the next time.
  if (name === undefined || steps === null) return null;
  const names = steps?.map(({ step }) => step) ?? [];
  const known = typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < names.length;
  return known ? { name, number: index + 1, names } : { name, number: null, names: [] };
}

/** Inspection writes some sizes as texts. */
function sizeOf(value: unknown): number | null {
  const size = typeof value === 'string' ? Number.parseInt(value, 10) : value;
  return typeof size === 'number' && Number.isFinite(size) && size > 0 ? size : null;
}
