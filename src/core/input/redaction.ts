import { createHash } from 'node:crypto';
import * as z from 'zod';
import { withoutCredentials } from '../text/image-ref.js';
import { sshFingerprint } from '../text/ssh-key.js';
import { plain } from '../text/untrusted.js';

/** How the audit log shows an argument. */
interface Redaction {
  show(value: unknown): unknown;
}

/**
 * The arguments that the audit log may show, and how. Flags, numbers and enum values are shown as they are. For any
 * other argument that is not in here the log says only that it was given.
 */
export const redactions = z.registry<Redaction>();

/** Text that holds no secret. */
export const asText: Redaction = { show: (value) => plain(String(value)) };

/** A name or a URL. A URL may hold a password or, in its query, a signature. */
export const asReference: Redaction = {
  show: (value) => plain(withoutCredentials(String(value))),
};

/** A digest shows whether two values are equal, but not the value. */
export const asDigest: Redaction = {
  show: (value) => `sha256:${createHash('sha256').update(String(value)).digest('hex').slice(0, 32)}`,
};

/** A public key as `ssh-keygen -l` shows it, without its comment. */
export const asFingerprint: Redaction = {
  show(value) {
    const [type = '', key = ''] = String(value).split(' ');
    return `${type} ${sshFingerprint(key)}`;
  },
};

/** An object with secrets: its length as JSON, and which of these members it has. */
export function asOutline(members: readonly string[]): Redaction {
  return {
    show(value) {
      const given = Object(value) as object;
      return {
        bytes: Buffer.byteLength(JSON.stringify(given)),
        members: members.filter((member) => Object.hasOwn(given, member)),
      };
    },
  };
}

/** A parsed input as the audit log shows it. */
export function redacted(schema: z.core.$ZodType, value: unknown): unknown {
  const redaction = redactions.get(schema);
  if (redaction) return redaction.show(value);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return value === null ? null : redacted(schema.unwrap(), value);
  }
  if (schema instanceof z.ZodBoolean || schema instanceof z.ZodNumber || schema instanceof z.ZodEnum) return value;
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    return value.map((item) => redacted(schema.element, item));
  }
  if (schema instanceof z.ZodObject && typeof value === 'object' && value !== null) {
    const given = Object.entries(value).filter(([, member]) => member !== undefined);
    return Object.fromEntries(
      given.flatMap(([name, member]) => {
        const inner = schema.shape[name];
        return inner === undefined ? [] : [[name, redacted(inner, member)]];
      }),
    );
  }
  return '(given)';
}
