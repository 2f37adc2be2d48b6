import * as z from 'zod';
import { isObject } from '../text/json.js';

/**
 * The input without its optional arguments that are null, at any depth. Agent frameworks pass null for each optional
 * argument that the model leaves out. A required argument, a member of a list and free-form data keep their null.
 */
export function withoutAbsent(schema: z.core.$ZodType, input: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return withoutAbsent(schema.unwrap(), input);
  if (schema instanceof z.ZodPipe) return withoutAbsent(schema.in, input);
  if (schema instanceof z.ZodArray && Array.isArray(input)) {
    return input.map((item) => withoutAbsent(schema.element, item));
  }
  if (!(schema instanceof z.ZodObject) || !isObject(input)) return input;
  const members = Object.entries(input).flatMap(([name, value]) => {
    const member = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
    if (member === undefined) return [[name, value]];
    return value === null && isOptional(member) ? [] : [[name, withoutAbsent(member, value)]];
  });
  return Object.fromEntries(members);
}

function isOptional(schema: z.core.$ZodType): boolean {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault;
}
