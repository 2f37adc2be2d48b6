import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { failures } from '../../src/core/failures.js';
import { writtenFor } from '../../src/core/names.js';
import { allOperations } from '../../src/core/operations.js';
import { conditions } from '../../src/core/status/conditions.js';
import { failedDeployments } from '../../src/core/status/diagnosis.js';
import { deploymentGraph, type Recording, withRecordedAnswers } from '../../tools/pictures/deployment-graph.js';
import { withStepsTable } from '../../tools/steps-table.js';
import { withToolsTable } from '../../tools/tools-table.js';
import { troubleshootingPage } from '../../tools/troubleshooting.js';
import { expectMade } from '../support/made-document.js';

describe('the table of tools', () => {
  it('in the README matches the operations', async () => {
    await expectMade('README.md', (now) => withToolsTable(now, allOperations));
  });

  it('shows each operation with a short line and its route', () => {
    const table = withToolsTable('<!-- tools:begin -->\n<!-- tools:end -->', allOperations);
    for (const { name, route } of allOperations) {
      const row = table.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
      expect(row).toContain(`\`${route.method} ${route.path}\``);
      expect(row?.length).toBeLessThan(160);
    }
  });

  it('cannot go into a text without its markers', () => {
    expect(() => withToolsTable('## Tools', allOperations)).toThrow('tools:begin');
    expect(() => withToolsTable('<!-- tools:begin -->', allOperations)).toThrow('tools:end');
  });
});

describe('the table of deploy steps', () => {
  it('in docs/waiting.md is the one that the messages use', async () => {
    await expectMade('docs/waiting.md', withStepsTable);
  });
});

describe('the recorded deployment', () => {
  it('is in docs/waiting.md as a table and as a graph', async () => {
    const file = new URL('../../docs/data/deployment.json', import.meta.url);
    const recording = JSON.parse(await readFile(file, 'utf8')) as Recording;
    await expectMade('docs/waiting.md', (now) => withRecordedAnswers(now, recording));
    await expectMade('docs/images/deployment.svg', () => deploymentGraph(recording));
  });
});

describe('docs/troubleshooting.md', () => {
  it('matches the tables of failures', async () => {
    await expectMade('docs/troubleshooting.md', troubleshootingPage);
  });

  it('lists every code of a failed call and of a failed deployment', () => {
    const page = troubleshootingPage();
    for (const [code, { message }] of Object.entries(failures)) {
      expect(page).toContain(`### \`${code}\`\n\n> ${message}\n`);
    }
    for (const { code, hint } of [...failedDeployments, ...conditions]) {
      expect(page).toMatch(new RegExp(`\\| \`${code}\` \\| .*${writtenFor('mcp', hint)}`));
    }
  });
});
