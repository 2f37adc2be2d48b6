// The bundler replaces the SDK's `_shims` export with this, because that export brings AJV on Node. This server passes its own
// validator, so AJV would never run, but loading it takes a tenth of the CPU time of a start.
export { default as process } from 'node:process';
export const DefaultJsonSchemaValidator = undefined;
