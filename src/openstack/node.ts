import * as z from 'zod';
import type { Reservation, ReservationId } from '../core/ports.js';
import type { RecordedError, Server, Step } from '../core/server.js';
import { freeState, meaningOf } from '../core/states.js';
import { uuidPattern } from '../core/text/identifiers.js';
import { withoutCredentials } from '../core/text/image-ref.js';
import { momentFrom } from './moment.js';
import { redactUrls } from './redact-urls.js';
import type { Version } from './versions.js';

/** The member of `instance_info` that holds our entries: one for each deployment id, of which one is the node's. */
export const entryMember = 'ironic_mcp';

const Entry = z.object({
  started_at: z.iso.datetime(),
  image: z.string(),
  digest: z.string(),
  source: z.string().optional().catch(undefined),
  attempt: z.record(z.uuid(), z.unknown()).catch({}),
});

const Text = z.string().nullish().catch(null);
// What is not there is no error, which would cost more than all the rest.
const Flag = z.boolean().default(false).catch(false);

const NodeStep = z.looseObject({ step: z.string() });

/** What we read of a node. Only what the safety of a deployment hangs on must be well-formed. */
const Node = z.looseObject({
  uuid: z.string().regex(uuidPattern),
  name: Text,
  resource_class: Text,
  // Null is how API versions before 1.2 say `available`.
  provision_state: z.string().nullable(),
  target_provision_state: Text,
  provision_updated_at: Text,
  // As long as Ironic's column; not always a UUID, for it may be redacted.
  instance_uuid: z
    .string()
    .regex(/^[ -~]{0,36}$/)
    .nullable(),
  instance_info: z
    .looseObject({ image_source: Text, [entryMember]: z.unknown().optional() })
    .catch({ [entryMember]: null }),
  maintenance: z.boolean(),
  reservation: Text,
  power_state: Text,
  retired: Flag,
  lessee: Text,
  owner: Text,
  allocation_uuid: Text,
  protected: Flag,
  automated_clean: z.boolean().nullish().catch(null),
  last_error: Text,
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
    })
    .nullish()
    .catch(null),
});

type Node = z.output<typeof Node>;

/**
 * The fields to ask for: of one node, of those that a list is filtered for, or of all nodes in a list. Lists refuse some
 * fields, and some are too long for many.
 */
export function fieldsOf(kind: 'one' | 'match' | 'list', version: Version): string {
  return [
    'uuid',
    'name',
    'resource_class',
    'provision_state',
    'target_provision_state',
    'provision_updated_at',
    'instance_uuid',
    'instance_info',
    'maintenance',
    'reservation',
    'power_state',
    'properties',
    'deploy_interface',
    'network_interface',
    'traits',
    'conductor_group',
    'owner',
    ...(kind === 'one' ? ['allocation_uuid', 'protected', 'automated_clean'] : []),
    ...(kind === 'list' ? [] : ['last_error', 'deploy_step', 'clean_step', 'driver_internal_info']),
    ...(version.has('retired') ? ['retired'] : []),
    ...(version.has('lessee') ? ['lessee'] : []),
  ].join(',');
}

/**
 * Reads a node from Ironic; undefined when this is none.
 * @param project That of the sign-in, if it is for one.
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
    lockedBy: node.reservation ?? null,
    powerState: node.power_state ?? null,
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

/** A lease counts before ownership. Without a project nobody can tell whose it is, and owners are ignored. */
function tenancyOf({ lessee, owner }: Node, project: string | undefined): Server['tenancy'] {
  const tenant = lessee ?? (project === undefined ? null : owner);
  if (tenant === null || tenant === undefined) return 'anybody';
  return tenant === project ? 'ours' : 'others';
}

const History = z.looseObject({
  history: z.array(z.looseObject({ created_at: Text, event_type: Text, severity: Text, event: Text })),
});

/** Reads the errors from a node's history; undefined when this is none. */
export function errorsFrom(body: unknown): readonly RecordedError[] | undefined {
  return History.safeParse(body)
    .data?.history.filter(({ severity, event }) => severity === 'ERROR' && event)
    .map(({ created_at, event_type, event }) => ({
      at: momentFrom(created_at),
      work: event_type ?? null,
      words: redactUrls(event ?? ''),
    }));
}

/** The JSON patch that takes a node, in one atomic change (RFC 6902; Ironic knows add, replace and remove). */
export function reservingPatch({
  deploymentId,
  attemptId,
  entry,
  instanceInfo,
  replaces,
}: Reservation): readonly PatchOperation[] {
  const source = withoutCredentials(String(instanceInfo.image_source));
  const own = { ...entry, source, attempt: { [attemptId]: true } };
  const value = { ...instanceInfo, [entryMember]: { [deploymentId]: own } };
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

/** Makes a patch harmless where that attempt's entry is gone: Ironic refuses it as a whole then. */
function removalOf({ deploymentId, attemptId }: ReservationId): PatchOperation {
  return { op: 'remove', path: `/instance_info/${entryMember}/${deploymentId}/attempt/${attemptId}` };
}

/**
 * The JSON patch that gives it back. Ironic refuses a patch as a whole if it removes what is not there: so the first
 * line makes this one harmless when it arrives after somebody else has taken the node, or another attempt of ours.
 */
export function releasingPatch({ deploymentId, attemptId }: ReservationId): readonly PatchOperation[] {
  return [
    removalOf({ deploymentId, attemptId }),
    { op: 'remove', path: '/instance_uuid' },
    { op: 'replace', path: '/instance_info', value: {} },
  ];
}

/** Our entry, which names the image as its caller did as long as that is the one that Ironic has for the server. */
function entryOf(
  { image_source: imageSource, [entryMember]: entries }: Node['instance_info'],
  deploymentId: string | null,
): Pick<Server, 'entry' | 'attemptId'> {
  const none = { entry: null, attemptId: null };
  if (deploymentId === null || typeof entries !== 'object' || entries === null) return none;
  const own: Record<string, unknown> = { ...entries };
  const parsed = Entry.safeParse(own[deploymentId]);
  if (!parsed.success) return none;
  const { attempt, source, ...entry } = parsed.data;
  const now = imageSource ? withoutCredentials(imageSource) : source;
  // A rebuild by other means leaves the entry as it is.
  const image = source === undefined || now === undefined || now === source ? entry.image : now;
  return { entry: { ...entry, image }, attemptId: Object.keys(attempt)[0] ?? null };
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
  // Ironic wipes the list when the work is over, but not always the step, which then is still there the next time.
  if (name === undefined || steps === null) return null;
  const names = steps?.map(({ step }) => step) ?? [];
  const known = typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < names.length;
  return known ? { name, number: index + 1, names } : { name, number: null, names: [] };
}

/** Inspection writes some sizes as text. */
function sizeOf(value: unknown): number | null {
  const size = typeof value === 'string' ? Number.parseInt(value, 10) : value;
  return typeof size === 'number' && Number.isFinite(size) && size > 0 ? size : null;
}
