// Measures what each further caller with a credential of its own costs: the memory of its core, and the processor time to sign
// it in, as a multiple of the bare request to Keystone.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'tsup';
import { neutral } from './support/child.js';
import { atMost, median, say, verdicts } from './support/report.js';

const rounds = Number(process.env.ROUNDS ?? 7);
const callers = 256;

const folder = await mkdtemp(join(tmpdir(), 'ironic-mcp-bench-'));
try {
  await build({
    config: 'tsup.config.ts',
    entry: { subject: 'bench/subjects/callers-server.ts' },
    outDir: folder,
    outExtension: () => ({ js: '.mjs' }),
    silent: true,
  });
  const results = Array.from({ length: rounds }, () =>
    JSON.parse(execFileSync(process.execPath, ['--expose-gc', `${folder}/subject.mjs`, callers], { env: neutral })),
  );
  const middle = (read) => median(results.map(read));
  const signedIn = middle(({ signedIn }) => signedIn);
  const bare = middle(({ bare }) => bare);
  say(
    `Node ${process.version}, medians of ${rounds} rounds with ${callers} callers; to sign one in took ${signedIn.toFixed(2)} ms, the bare request ${bare.toFixed(2)} ms.`,
    verdicts([
      atMost(
        'Memory of a further caller',
        middle(({ kilobytes }) => kilobytes),
        40,
        ' KB',
        0,
      ),
      atMost(
        'Signing one in, by the bare request',
        middle(({ signedIn, bare }) => signedIn / bare),
        10,
      ),
    ]),
  );
} finally {
  await rm(folder, { recursive: true });
}
