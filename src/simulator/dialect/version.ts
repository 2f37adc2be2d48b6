import { Abort, notAcceptable } from './errors.js';

/** The header that requests a version of Ironic's API, and reports the version of the answer. */
export const VERSION_HEADER = 'X-OpenStack-Ironic-API-Version';

/** The API versions of the simulated Ironic, as minor numbers of 1.x. Ironic 21.4 has 1.82. */
export const MINIMUM = 1;
export const MAXIMUM = 82;

/** The minor version that a request asks for, or the oldest if it asks for none. */
export function negotiate(header: string | null): number {
  const asked = (header ?? `1.${MINIMUM}`).toLowerCase();
  const match = /^(\d+)\.(\d+)$/.exec(asked === 'latest' ? `1.${MAXIMUM}` : asked);
  if (!match) throw new Abort(406, `Invalid value for ${VERSION_HEADER} header`);
  const [major, minor] = [Number(match[1]), Number(match[2])];
  const refuse = (problem: string) =>
    new Abort(406, `${problem} The supported version range is: [1.${MINIMUM}, 1.${MAXIMUM}].`, rangeHeaders());
  if (major !== 1) {
    throw refuse(
      `Mutually exclusive versions requested. Version ${major}.${minor} requested but not supported by this service.`,
    );
  }
  if (minor < MINIMUM || minor > MAXIMUM) {
    throw refuse(`Version 1.${minor} was requested but the minor version is not supported by this service.`);
  }
  return minor;
}

export function rangeHeaders(): Record<string, string> {
  return {
    'X-OpenStack-Ironic-API-Minimum-Version': `1.${MINIMUM}`,
    'X-OpenStack-Ironic-API-Maximum-Version': `1.${MAXIMUM}`,
  };
}

/** The version that added a field of a node. Fields that are not listed are in every version. */
const nodeFields: Readonly<Record<string, number>> = {
  driver_internal_info: 3,
  name: 5,
  inspection_finished_at: 6,
  inspection_started_at: 6,
  clean_step: 7,
  raid_config: 12,
  target_raid_config: 12,
  network_interface: 20,
  resource_class: 21,
  boot_interface: 31,
  console_interface: 31,
  deploy_interface: 31,
  inspect_interface: 31,
  management_interface: 31,
  power_interface: 31,
  raid_interface: 31,
  vendor_interface: 31,
  storage_interface: 33,
  traits: 37,
  rescue_interface: 38,
  bios_interface: 40,
  fault: 42,
  deploy_step: 44,
  conductor_group: 46,
  automated_clean: 47,
  protected: 48,
  protected_reason: 48,
  conductor: 49,
  owner: 50,
  description: 51,
  allocation_uuid: 52,
  retired: 61,
  retired_reason: 61,
  lessee: 65,
  network_data: 66,
  boot_mode: 75,
  secure_boot: 75,
  shard: 82,
};

export function knowsField(minor: number, field: string, versions = nodeFields): boolean {
  const since = Object.hasOwn(versions, field) ? versions[field] : undefined;
  return since === undefined || minor >= since;
}

/** Ironic refuses a request if a field is newer than the version of the request. */
export function requireFields(minor: number, fields: readonly string[], versions = nodeFields): void {
  if (fields.some((field) => !knowsField(minor, field, versions))) throw notAcceptable();
}

/** Refuses a filter that is newer than the version of the request, and names the version that has it. */
export function requireVersion(minor: number, wanted: number): void {
  if (minor >= wanted) return;
  throw notAcceptable(`Request not acceptable. The minimal required API version should be 1.${wanted}`);
}
