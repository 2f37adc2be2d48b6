#!/usr/bin/env node
const program = new URL('../dist/cli.js', import.meta.url).href;
await import(program).catch((error) => {
  // A package has it; a checkout has it when it has been built.
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || error.url !== program) throw error;
  process.stderr.write('ironic-mcp: this checkout has not been built; run `npm run build` first.\n');
  process.exitCode = 1;
});
