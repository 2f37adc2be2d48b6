// What the MCP SDK takes from the platform it runs on. Its own for Node brings AJV, the validator for servers that have
// none of their own.
export { default as process } from 'node:process';
export const DefaultJsonSchemaValidator = undefined;
