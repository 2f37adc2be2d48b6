import { Fault } from './errors.js';
import { isObject, type Json, type JsonObject } from './json.js';
import { repr } from './python.js';

/** Checks a body. The refusals are in the words of Python's jsonschema, after Ironic's name for the body. */
export function schemaOf(body: string) {
  const refuse = (problem: string) => new Fault(400, `${body}: ${problem}`);
  const wrongType = (value: Json, types: string) => refuse(`${repr(value)} is not of type ${types}`);
  return {
    refuse,
    wrongType,
    missing: (key: string) => refuse(`'${key}' is a required property`),
    /** An object. If members are listed, it may have no others. */
    object(value: Json, members?: readonly string[]): JsonObject {
      if (!isObject(value)) throw wrongType(value, "'object'");
      const unexpected = members && Object.keys(value).find((key) => !members.includes(key));
      if (unexpected === undefined) return value;
      throw refuse(`Additional properties are not allowed (${repr(unexpected)} was unexpected)`);
    },
  };
}
