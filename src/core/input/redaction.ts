import { createHash } from 'node:crypto';
import * as z from 'zod';
import { withoutCredentials } from '../text/image-ref.js';
import { plain } from '../text/untrusted.js';

/** How an argument is asText in the audit log. */
interface Redaction {
  show(value: unknown): unknown;
}

/**
 * The arguments that the audit log may show, and how. Flags, numbers and words from a list are asText as they are; of any
 * other argument that is not in here the log says that it was given, and no more.
 */
export const redactions = z.registry<Redaction>();

/** Text that holds no secret. */
export const asText: Redaction = { show: (value) => plain(String(value)) };

/** A name, or a URL: which may hold a password, and in its query a signature. */
export const asReference: Redaction = {
  show: (value) => plain(withoutCredentials(String(value))),
};

/** By this one can tell whether two are the same, and whether it is one that one knows. */
export const asDigest: Redaction = { show: (value) => `sha256:${sha256(String(value)).toString('hex').slice(0, 32)}` };

/** A public key as `ssh-keygen -l` shows it, without its comment. */
export const asFingerprint: Redaction = {
  show(value) {
    const [type = '', key = ''] = String(value).split(' ');
    return `${type} SHA256:${sha256(Buffer.from(key, 'base64')).toString('base64').replace(/=+$/, '')}`;
  },
};

/** An object with secrets: how long it is as JSON, and which of these members it has. */
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

/** An input that its schema has parsed, as the audit log shows it. */
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

function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}
