import { createHash, createHmac, randomUUID } from 'node:crypto';
import type { ProvisionRequest } from '../requests.js';
import type { DeploymentEntry } from '../server.js';

/** The namespace of our deployment ids (RFC 9562, section 5.5): any UUID would do, as long as it never changes. */
const namespace = Buffer.from('6f1b64ac7a0f4c0e9d3a5c1f3f0f6a51', 'hex');

/** What tells one request from another, and finds it again. */
export interface RequestIdentity {
  /** Ironic's instance_uuid for the request: derived from its idempotency key, or fresh. */
  readonly deploymentId: string;
  /** Whether it is derived, so that a repeated call finds it. */
  readonly keyed: boolean;
  /** What of it goes into the entry on the node. */
  readonly requestDigest: Pick<DeploymentEntry, 'digest' | 'salt'>;
}

/**
 * @param scope Where the key counts: the cloud and the project. The same key elsewhere is another one. Any without a key.
 */
export function identify(request: ProvisionRequest, scope: string): RequestIdentity {
  const key = request.idempotency_key;
  if (key !== undefined) {
    return {
      deploymentId: nameBased(`${scope}\n${key}`),
      keyed: true,
      requestDigest: { digest: digest(request, key) },
    };
  }
  const salt = randomUUID();
  return { deploymentId: randomUUID(), keyed: false, requestDigest: { digest: digest(request, salt), salt } };
}

/** Whether an entry on a node was written for this very request. */
export function isSameRequest(request: ProvisionRequest, entry: DeploymentEntry | null): boolean {
  const secret = entry?.salt ?? request.idempotency_key;
  return entry !== null && secret !== undefined && entry.digest === digest(request, secret);
}

/**
 * Everybody who may read the node can read the digest: hence it is keyed, or the contents of a config drive could be
 * found by trying.
 */
function digest({ idempotency_key: _, retry_failed: __, ...request }: ProvisionRequest, secret: string): string {
  return createHmac('sha256', secret).update(canonical(request)).digest('base64url');
}

/** JSON whose members are in the order of their names. */
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
