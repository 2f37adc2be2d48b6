import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';
import * as tools from './src/mcp/tools.js';
import { boardPage } from './tools/build/board-page.js';
import { madeByBuild } from './tools/build/made-by-build.js';
import { requiredModules } from './tools/build/required-modules.js';
import { thirdParty } from './tools/build/third-party.js';

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
  // What esbuild has minified becomes a twentieth smaller by terser.
  minify: 'terser',
  terserOptions: { ecma: 2020, compress: { passes: 2 } },
  // Users get one package with nothing to install beside it.
  noExternal: [/.*/],
  esbuildPlugins: [requiredModules(), thirdParty(), madeByBuild({ 'mcp/tools': tools }), boardPage()],
  esbuildOptions: (options) => {
    options.minify = true;
    options.alias = {
      '@modelcontextprotocol/server/_shims': './tools/sdk-platform.ts',
      'prom-client': './tools/prom-client.js',
      '@opentelemetry/api': './tools/nothing.ts',
    };
  },
  define: { __VERSION__: JSON.stringify(version) },
});
