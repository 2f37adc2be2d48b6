import { createHash, createHmac, randomUUID } from 'node:crypto';
import type { ProvisionRequest } from '../requests.js';
import type { DeploymentEntry } from '../server.js';

/** The namespace of our deployment ids (RFC 9562, section 5.5). Any UUID works, but it must never change. */
const namespace = Buffer.from('6f1b64ac7a0f4c0e9d3a5c1f3f0f6a51', 'hex');

/** Tells one request from another, and finds it again. */
export interface RequestIdentity {
  /** Ironic's instance_uuid for the request: derived from its idempotency key, or fresh. */
  readonly deploymentId: string;
  /** Whether it is derived, so that a repeated call finds it. */
  readonly keyed: boolean;
  /** Goes into the entry on the node. */
  readonly requestDigest: string;
}

/**
 * @param scope The cloud and the project: the same key in another scope is another key. Ignored without a key.
 */
export function identify(request: ProvisionRequest, scope: string): RequestIdentity {
  const key = request.idempotency_key;
  return {
    deploymentId: key === undefined ? randomUUID() : nameBased(`${scope}\n${key}`),
    keyed: key !== undefined,
    requestDigest: digestOf(request),
  };
}

/** Whether an entry on a node belongs to this very request. Without a key the config drive is not compared. */
export function isSameRequest(request: ProvisionRequest, entry: DeploymentEntry | null): boolean {
  return entry !== null && entry.digest === digestOf(request);
}

/**
 * Everybody who may read the node can read the digest. So it is keyed by the idempotency key, which nobody else knows.
 * Without a key it leaves out the config drive, because its secrets could be guessed from the digest.
 */
function digestOf({ idempotency_key: key, retry_failed: _, ...request }: ProvisionRequest): string {
  if (key !== undefined) return createHmac('sha256', key).update(canonical(request)).digest('base64url');
  const { config_drive: __, ...rest } = request;
  return createHash('sha256').update(canonical(rest)).digest('base64url');
}

/** JSON with the members sorted by name. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([left], [right]) => (left < right ? -1 : 1)))
      : member,
  );
}

/** A UUID of version 5. */
function nameBased(name: string): string {
  const hash = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return hash.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
