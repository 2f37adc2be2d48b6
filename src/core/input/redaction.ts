import { createHash } from 'node:crypto';
import * as z from 'zod';
import { withoutCredentials } from '../text/image-ref.js';
import { plain } from '../text/untrusted.js';

/** How an argument is shown in the audit log. */
interface Form {
  show(value: unknown): unknown;
}

/**
 * The arguments that the audit log may show, and how. Flags, numbers and words from a list are shown as they are; of any
 * other argument that is not in here the log says that it was given, and no more.
 */
export const auditForms = z.registry<Form>();

/** Text that holds no secret. */
export const shown: Form = { show: (value) => plain(String(value)) };

/** A name, or a URL: which may hold a password, and in its query a signature. */
export const shownWithoutCredentials: Form = {
  show: (value) => plain(withoutCredentials(String(value))),
};

/** By this one can tell whether two are the same, and whether it is one that one knows. */
export const shownAsDigest: Form = { show: (value) => `sha256:${sha256(String(value)).toString('hex').slice(0, 32)}` };

/** A public key as `ssh-keygen -l` shows it, without its comment. */
export const shownAsFingerprint: Form = {
  show(value) {
    const [type = '', key = ''] = String(value).split(' ');
    return `${type} SHA256:${sha256(Buffer.from(key, 'base64')).toString('base64').replace(/=+$/, '')}`;
  },
};

/** An object with secrets: how long it is as JSON, and which of these members it has. */
export function outlined(members: readonly string[]): Form {
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
export function auditForm(schema: z.core.$ZodType, value: unknown): unknown {
  const form = auditForms.get(schema);
  if (form) return form.show(value);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return value === null ? null : auditForm(schema.unwrap(), value);
  }
  if (schema instanceof z.ZodBoolean || schema instanceof z.ZodNumber || schema instanceof z.ZodEnum) return value;
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    return value.map((item) => auditForm(schema.element, item));
  }
  if (schema instanceof z.ZodObject && typeof value === 'object' && value !== null) {
    const given = Object.entries(value).filter(([, member]) => member !== undefined);
    return Object.fromEntries(
      given.flatMap(([name, member]) => {
        const inner = schema.shape[name];
        return inner === undefined ? [] : [[name, auditForm(inner, member)]];
      }),
    );
  }
  return '(given)';
}

function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}
