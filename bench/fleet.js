// Plays fleets of deployments in virtual time: what waiting for them costs Ironic, and how late a change is known. The same
// seeds give the same figures on every machine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { atMost, say, table, verdicts } from './support/report.js';

/** A real machine with a large image: 20 minutes. */
const long = [
  ['deploying', 0, 10],
  ['deploying', 1, 5],
  ['wait call-back', 1, 285],
  ['deploying', 1, 3],
  ['wait call-back', 2, 777],
  ['deploying', 3, 45],
  ['deploying', 4, 35],
  ['deploying', 5, 5],
  ['deploying', 6, 35],
];
/** The virtual machine in docs/waiting.md. */
const short = [
  ['deploying', 0, 4],
  ['deploying', 1, 2],
  ['wait call-back', 1, 40],
  ['deploying', 1, 1],
  ['wait call-back', 2, 47],
  ['deploying', 3, 14],
  ['deploying', 4, 6],
  ['deploying', 6, 2],
];

const fleets = [
  { deployments: 10, copies: 1, stages: short },
  { deployments: 10, copies: 1 },
  { deployments: 100, copies: 1 },
  { deployments: 100, copies: 10 },
  { deployments: 100, copies: 50 },
  { deployments: 1_000, copies: 1, minutes: 10 },
  { deployments: 1_000, copies: 10, minutes: 10 },
  { deployments: 1_000, copies: 50, minutes: 10 },
  { deployments: 2_000, copies: 1, minutes: 10 },
  { deployments: 10, copies: 1, callers: 'poll' },
  { deployments: 1_000, copies: 1, callers: 'poll', minutes: 10 },
].map((fleet) => ({ callers: 'wait', stages: long, minutes: 20, ...fleet }));

const folder = await mkdtemp(join(tmpdir(), 'ironic-mcp-bench-'));
try {
  const outfile = join(folder, 'fleet.mjs');
  await build({ entryPoints: ['bench/subjects/fleet.ts'], outfile, bundle: true, platform: 'node', format: 'esm' });
  const { play } = await import(pathToFileURL(outfile));
  const rows = [];
  for (const fleet of fleets) rows.push({ ...fleet, ...(await play(fleet)) });
  const found = (deployments, copies) =>
    rows.find((row) => row.deployments === deployments && row.copies === copies && row.stages === long);
  const [one, many, spread] = [found(10, 1), found(1_000, 1), found(1_000, 50)];
  say(
    table(
      [
        ['in flight', ({ deployments }) => deployments.toLocaleString('en')],
        ['minutes each', ({ stages }) => (stages === long ? 20 : 2)],
        ['copies', ({ copies }) => copies],
        ['callers', ({ callers }) => callers],
        ['requests/s', ({ requestsASecond }) => requestsASecond.toFixed(1)],
        ['of one API process', ({ share }) => `${(share * 100).toFixed(1)} %`],
        ['requests for each deployment', ({ requests }) => requests.toFixed(0)],
        ['change known after: p50', ({ p50 }) => `${p50.toFixed(1)} s`],
        ['p95', ({ p95 }) => `${p95.toFixed(1)} s`],
        ['failed calls', ({ failed }) => failed],
      ],
      rows,
    ),
    verdicts([
      atMost('Requests for one deployment of 20 minutes', one.requests, 130, '', 0),
      atMost('Its changes are known after (p95)', one.p95, 10, ' s', 1),
      atMost('1,000 deployments in one copy take of one API process', many.share * 100, 5, ' %', 1),
      atMost('Their changes are known after (p95)', many.p95, 10, ' s', 1),
      atMost('50 copies with 20 each take', spread.share * 100, 80, ' %', 1),
    ]),
  );
} finally {
  await rm(folder, { recursive: true });
}
