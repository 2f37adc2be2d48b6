import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import type { ServerContext } from '@modelcontextprotocol/server';
import { describe, expect, it, vi } from 'vitest';
import { progressOf } from '../../../src/mcp/progress.js';
import { startHttpServer } from '../../support/http-server.js';
import { localImages } from '../../support/local-images.js';
import { connectOverHttp } from '../../support/mcp-over-http.js';
import { clientLines, openSession, type Reported } from '../../support/mcp-session.js';
import { startSimulatedIronic } from '../../support/simulated-ironic.js';
import { provision } from '../../support/tool-answers.js';

function contextWith(progressToken: string | number | undefined) {
  const notify = vi.fn<ServerContext['mcpReq']['notify']>(async () => undefined);
  const mcpReq = { notify, ...(progressToken === undefined ? {} : { _meta: { progressToken } }) };
  return { notify, report: progressOf({ mcpReq } as unknown as ServerContext) };
}

describe('the reports of a call', () => {
  it('are sent only if the client asked for them', () => {
    expect(contextWith(undefined).report).toBeUndefined();
  });

  it.each([0, 1, 'a'])('carry the token that the client gave: %s', (token) => {
    const { report, notify } = contextWith(token);
    report?.({ percent: 5, words: 'on its way' });
    expect(notify).toHaveBeenCalledExactlyOnceWith({
      method: 'notifications/progress',
      params: { progressToken: token, progress: 5, total: 100, message: 'on its way' },
    });
  });

  it('show more progress each time, as the protocol requires, if only by a hundredth of a percent', () => {
    const { report, notify } = contextWith(1);
    for (const percent of [0, 0, null, 5, 5, 40, 39, 40, null]) report?.({ percent, words: '' });
    const sent = notify.mock.calls.map(([{ params }]) => params?.progress);
    expect(sent).toEqual([0, 0.01, 0.02, 5, 5.01, 40, 40.01, 40.02, 40.03]);
  });

  it('name no total if there is none', () => {
    const { report, notify } = contextWith(1);
    report?.({ percent: null, words: 'who knows' });
    expect(notify.mock.calls[0]?.[0].params).toEqual({ progressToken: 1, progress: 0, message: 'who knows' });
  });

  it('do not fail when the client has left', async () => {
    const { report, notify } = contextWith(1);
    notify.mockRejectedValue(new Error('nobody is there'));
    expect(() => report?.({ percent: 5, words: '' })).not.toThrow();
  });
});

const request = { image_id: 'file:///images/debian.qcow2', server_id: 'rack1-small-01' };

function expectReports(reports: readonly Reported[]): void {
  expect(reports.length).toBeGreaterThan(0);
  for (const [index, { progress, total, message }] of reports.entries()) {
    expect(progress).toBeGreaterThan(reports[index - 1]?.progress ?? -1);
    expect(total).toBe(progress < 5 && total === undefined ? undefined : 100);
    expect(message).toMatch(
      /^(Server rack1-small-01 is .*|[A-Z][a-z ]+ \(step \d of 6: \w+\)); (\d+ min )?\d+ s so far, usually past this within \d+ min$/,
    );
  }
}

describe.each(clientLines)('a %s client that waits', { concurrent: true }, (line) => {
  it('gets progress over stdio, and can wait without progress', async () => {
    let now = Date.now();
    const ironic = await startSimulatedIronic({ clock: { now: () => now } });
    const session = await openSession(line, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: ironic.url, ...localImages });
    const { operation_id } = await provision(session, request);
    const reports: Reported[] = [];
    const onprogress = (report: Reported) => {
      if (reports.push(report) === 1) now += 30_000;
    };
    const waited = async (options: object) =>
      (await session.callTool('check_provision_status', { operation_id, wait_seconds: 50 }, options)).data;
    expect(await waited({ onprogress })).toMatchObject({ status: 'in_progress' });
    expectReports(reports);
    now += 60_000;
    expect(await waited({})).toMatchObject({ status: 'completed' });
    await session.close();
    await ironic.close();
  });

  it('gets progress over HTTP, and costs Ironic no more requests after it has left', async () => {
    const ironic = await startSimulatedIronic();
    const server = await startHttpServer([], { OS_AUTH_TYPE: 'none', OS_ENDPOINT: ironic.url, ...localImages });
    const client = await connectOverHttp(line, server.url);
    const started = await client.callTool({ name: 'provision_server', arguments: request });
    const { operation_id } = started.structuredContent as { operation_id: string };
    const reports: Reported[] = [];
    const cancelled = new AbortController();
    const asked = { name: 'check_provision_status', arguments: { operation_id, wait_seconds: 50 } };
    const options = {
      signal: cancelled.signal,
      onprogress: (report: Reported) => {
        reports.push(report);
        if (reports.length === 2) cancelled.abort('the user pressed escape');
      },
    };
    const waiting =
      client instanceof ClientV1 ? client.callTool(asked, undefined, options) : client.callTool(asked, options);
    await expect(waiting).rejects.toBeDefined();
    expectReports(reports);
    await client.close();
    // This wait would last as long as its client.
    expect(await server.stop()).toBe(0);
    await ironic.close();
  });
});
