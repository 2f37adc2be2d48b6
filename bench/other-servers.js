// Measures the start of a Python MCP server beside ours. Its SDK comes from PyPI, in a virtual environment of its own.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'ironic-mcp-bench-'));
try {
  const python = join(folder, 'bin', 'python');
  execFileSync('python3', ['-m', 'venv', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', 'mcp'], { stdio: ['ignore', 'ignore', 'ignore'] });
  const version = execFileSync(python, ['-c', "from importlib.metadata import version; print(version('mcp'))"], {
    encoding: 'utf8',
  }).trim();
  const args = ['bench/startup.js', `Python SDK ${version} with one tool=${python} bench/subjects/python-server.py`];
  const [code] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'close');
  process.exitCode = code;
} finally {
  rmSync(folder, { recursive: true });
}
