// Makes the MCP bundle for Claude Desktop: the package, and manifest.json beside it.
//
//   node tools/make-bundle.js [folder]     writes ironic-mcp-VERSION.mcpb there, or here
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const [where = '.'] = process.argv.slice(2);
const { name, version, config } = JSON.parse(readFileSync('package.json', 'utf8'));
// Not a development dependency, because it brings more packages than all the others together.
const mcpb = ['-y', '--prefer-offline', `--package=${config.mcpb}`, '--', 'mcpb'];
const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], shell: process.platform === 'win32' };
const run = (command, args) => execFileSync(command, args, options);

const bundle = resolve(where, `${name}-${version}.mcpb`);
const [{ files }] = JSON.parse(run('npm', ['pack', '--dry-run', '--ignore-scripts', '--json']));
const folder = mkdtempSync(join(tmpdir(), `${name}-bundle-`));
try {
  for (const path of ['manifest.json', ...files.map((file) => file.path)]) cpSync(path, join(folder, path));
  cpSync('docs/images/icon.png', join(folder, 'icon.png'));
  run('npx', [...mcpb, 'validate', join(folder, 'manifest.json')]);
  run('npx', [...mcpb, 'pack', folder, bundle]);
} finally {
  rmSync(folder, { recursive: true });
}
process.stdout.write(`${bundle}\n`);
