/** A JSON schema while zod is writing it. */
type Written = Record<string, unknown>;

/**
 * For zod's `override`: rewrites what is correct, but not understood by every reader of JSON schema: model providers
 * and generators take one type at a time and no classes of Unicode, and an empty schema for a mistake.
 */
export function portable({ jsonSchema }: { readonly jsonSchema: Written }): void {
  const { pattern, additionalProperties, type } = jsonSchema;
  // These are all the control characters there are.
  if (typeof pattern === 'string') {
    jsonSchema.pattern = pattern.replaceAll('\\P{Cc}', '[^\\u0000-\\u001f\\u007f-\\u009f]');
  }
  if (isEmptyObject(additionalProperties)) jsonSchema.additionalProperties = true;
  if (Array.isArray(type)) {
    const { description, type: _, ...rest } = jsonSchema;
    for (const name of Object.keys(jsonSchema)) delete jsonSchema[name];
    jsonSchema.anyOf = type.map((each) => (each === 'null' ? { type: each } : { type: each, ...rest }));
    if (description !== undefined) jsonSchema.description = description;
  }
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
