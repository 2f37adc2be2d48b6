import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';
import * as documents from './src/http/documents.js';
import * as tools from './src/mcp/tools.js';
import { leanSdk } from './tools/lean-sdk.js';
import { madeByBuild } from './tools/made-by-build.js';
import { thirdParty } from './tools/third-party.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

export default defineConfig({
  entry: { cli: 'src/cli.ts', index: 'src/index.ts' },
  format: 'esm',
  target: 'node20.19',
  platform: 'node',
  outDir: 'dist',
  clean: true,
  splitting: true,
  treeshake: true,
  minify: true,
  // Users get one package with nothing to install beside it.
  noExternal: [/.*/],
  esbuildPlugins: [thirdParty('dist'), madeByBuild({ 'http/documents': documents, 'mcp/tools': tools }), leanSdk()],
  // The same in ECMAScript modules, of which what is not used can be left out.
  esbuildOptions: (options) => {
    options.alias = { yaml: './node_modules/yaml/browser/dist/index.js' };
  },
  define: { __VERSION__: JSON.stringify(version) },
});
