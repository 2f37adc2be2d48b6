import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allOperations } from '../../src/core/operations.js';
import { addProcess, createMetrics } from '../../src/metrics/metrics.js';
import { withMetricsTable } from '../../tools/metrics-table.js';
import { createRestApp } from '../http/rest-app.js';
import { expectMade } from '../support/made-document.js';

const metrics = createMetrics('0', allOperations);
addProcess(metrics);
const names = new Set(
  metrics.registry.getMetricsAsArray().flatMap(({ name, type }) =>
    // A type is a text in prom-client, whatever its declarations say.
    `${type}` === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
  ),
);
const page = () => readFileSync('docs/monitoring.md', 'utf8');
const blocks = (language: string) =>
  [...page().matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block);
const namesIn = (text: string) => text.match(/\b(?:ironic_mcp|mcp_server|http_server|process|nodejs)_\w+/g) ?? [];

/** The path of a file with the text, during the action. */
function inFile<Result>(text: string, action: (file: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'ironic-mcp-metrics-'));
  try {
    const file = join(folder, 'file.yaml');
    writeFileSync(file, text);
    return action(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('docs/monitoring.md', () => {
  it('describes the metrics of the program', async () => {
    await expectMade('docs/monitoring.md', (now) => withMetricsTable(now, metrics));
  });

  it('has alerts that use only metrics of the program', () => {
    const [, alerts = ''] = blocks('yaml');
    expect(namesIn(alerts).length).toBeGreaterThan(3);
    expect(namesIn(alerts).filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('the dashboard for Grafana', () => {
  interface Panel {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }
  const { panels } = JSON.parse(readFileSync('docs/data/grafana-dashboard.json', 'utf8')) as { panels: Panel[] };

  it.each(panels.map(({ title, targets }) => [title, targets] as const))(
    'shows only metrics of the program in %j',
    (_, targets) => {
      for (const { expr } of targets) {
        expect(namesIn(expr).length).toBeGreaterThan(0);
        expect(namesIn(expr).filter((name) => !names.has(name) && !/^mcp_method_name$/.test(name))).toEqual([]);
      }
    },
  );
});

const promtool = spawnSync('promtool', ['--version']).status === 0;

/** Without Prometheus' own tool (Debian: `prometheus`) nobody judges these. */
describe.skipIf(!promtool)('promtool, if it is installed,', () => {
  it('accepts the metrics', async () => {
    const app = await createRestApp();
    addProcess(app.metrics);
    await app.ask('GET', '/servers');
    await app.callTool('list_images', {});
    const { text, headers } = await app.ask('GET', '/metrics');
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it.each([
    ['the scrape configuration', ['check', 'config', '--syntax-only']],
    ['the alerts', ['check', 'rules']],
  ])('accepts %s of the page', (what, check) => {
    const block = blocks('yaml')[what === 'the alerts' ? 1 : 0] ?? '';
    const { status, stderr } = inFile(block, (file) => spawnSync('promtool', [...check, file], { encoding: 'utf8' }));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
