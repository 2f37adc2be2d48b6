// The bundler puts this in the place of the SDK's `_shims` export, which brings AJV on Node. This server passes a validator of
// its own, so AJV would never run; loading it takes a tenth of the CPU time of a start.
export { default as process } from 'node:process';
export const DefaultJsonSchemaValidator = undefined;
