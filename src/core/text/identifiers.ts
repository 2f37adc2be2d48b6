// Kept apart from requests.ts, so that nobody loads its schemas only to check a name.

export const uuidPattern = /^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;

/** True for a UUID of any version, in either case. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

// Ironic's rule for names (api/utils.is_valid_logical_name): letters, digits and "-._~", but not "." or "..".
export const serverRefPattern = /^(?!\.{1,2}$)[\w.~-]{1,255}$/;

/** Whether a text can be the UUID or the name of a server at all. */
export function isServerRef(text: string): boolean {
  return serverRefPattern.test(text);
}

/** One DNS name: labels of letters, digits and inner hyphens (RFC 1123), 253 characters in all. */
export const hostnamePattern =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/** The name of a user on Linux or Windows. It cannot be taken for an option of ssh. */
export const userNamePattern = /^[A-Za-z_][\w.-]{0,31}$/;

/** A MAC address in any usual spelling. */
export const macPattern = /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i;

/** A MAC address as Ironic spells it: in lower case, with colons. */
export function canonicalMac(mac: string): string {
  return mac.toLowerCase().replaceAll('-', ':');
}
