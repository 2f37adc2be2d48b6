// Measures the size of the package, packed and installed in an empty folder.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atMost, say, table, verdicts } from './support/report.js';

const folder = mkdtempSync(join(tmpdir(), 'ironic-mcp-bench-'));
try {
  const npm = (args, cwd) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [{ filename, size }] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder]));
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  npm(['install', '--offline', '--no-audit', '--no-fund', join(folder, filename)], folder);
  const modules = join(folder, 'node_modules');
  const installed = readdirSync(modules, { recursive: true })
    .map((name) => statSync(join(modules, name)))
    .reduce((sum, each) => sum + (each.isFile() ? each.size : 0), 0);
  const count = readdirSync(modules).filter((name) => !name.startsWith('.')).length;
  const kilo = (bytes) => bytes / 1_000;
  say(
    table(
      [
        ['the package', ([title]) => title],
        ['', ([, value]) => value],
      ],
      [
        ['packed', `${kilo(size).toFixed(0)} KB`],
        ['installed', `${kilo(installed).toFixed(0)} KB`],
        ['packages', String(count)],
      ],
    ),
    verdicts([
      atMost('Packed', kilo(size), 300, ' KB', 0),
      atMost('Installed', kilo(installed), 950, ' KB', 0),
      atMost('Packages', count, 1, '', 0),
    ]),
  );
} finally {
  rmSync(folder, { recursive: true });
}
