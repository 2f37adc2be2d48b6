import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRestApp, type RestApp } from '../http/rest-app.js';
import { runs } from '../support/length.js';

const calls = runs({ variable: 'CALLS', few: 500, many: 10_000 });

const accept = 'application/json, text/event-stream';

/** Everything that callers have made up. */
const madeUp: string[] = [];

function random(): string {
  const text = `q${Math.random().toString(36).slice(2)}`;
  madeUp.push(text);
  return text;
}

/** Kinds of requests whose answers differ only by what the caller has made up. */
const kinds: Readonly<Record<string, (app: RestApp) => Promise<unknown>>> = {
  'a server that is not there': (app) => app.ask('GET', `/provision/${randomUUID()}`),
  'an operation id that is none': (app) => app.ask('GET', `/provision/x-${random()}`),
  'a diagnosis by name': (app) => app.ask('GET', `/servers/x-${random()}/diagnosis`),
  'an unknown path': (app) => app.ask('GET', `/${random()}/${random()}?${random()}=${random()}`),
  'a path that is refused': (app) => app.ask('GET', `/provision//${random()}`),
  'an unknown host': (app) => app.ask('GET', '/servers', undefined, { host: `${random()}.example` }),
  'a method without a route': (app) => app.ask('PATCH', `/provision/${randomUUID()}`),
  'a made-up method': (app) => app.ask(`X${random()}`.toUpperCase(), '/servers'),
  'an unknown image': (app) => app.ask('POST', '/provision', { image_id: random(), idempotency_key: random() }),
  'an unknown argument': (app) => app.ask('POST', '/provision', { [random()]: random() }),
  'a user agent, a trace and an id': (app) =>
    app.ask('GET', '/images', undefined, { 'user-agent': random(), traceparent: random(), 'x-request-id': random() }),
  'a server that is not there, by MCP': (app) => app.callTool('check_provision_status', { operation_id: randomUUID() }),
  'an unknown tool': (app) => message(app, 'tools/call', { name: random(), arguments: { [random()]: random() } }),
  'an unknown method of MCP': (app) => message(app, random(), {}),
  'an unknown resource': (app) => message(app, 'resources/read', { uri: `ironic://${random()}/${random()}` }),
  'an unknown prompt': (app) => message(app, 'prompts/get', { name: random() }),
  'a completion': (app) =>
    message(app, 'completion/complete', {
      ref: { type: 'ref/prompt', name: 'provision' },
      argument: { name: 'image_id', value: random() },
    }),
  'a client with a name': (app) =>
    message(app, 'initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: random(), version: random() },
    }),
};

function message(app: RestApp, method: string, params: object) {
  return app.ask('POST', '/mcp', { jsonrpc: '2.0', id: random(), method, params }, { accept });
}

/** The names and labels of all samples. */
const seriesOf = async (app: RestApp) =>
  (await app.metrics.text()).split('\n').flatMap((line) => (/^\w/.test(line) ? line.replace(/ \S+$/, '') : []));

describe('the metrics', () => {
  afterEach(() => vi.restoreAllMocks());

  it(`have the same series after ${calls} calls with made-up values as after one call of each kind`, {
    timeout: 300_000,
  }, async () => {
    // A completion has a time limit. On a busy machine it would count as cancelled.
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => new AbortController().signal);
    const app = await createRestApp();
    const each = Object.values(kinds);
    for (const call of each) await call(app);
    const few = await seriesOf(app);
    for (let made = 0; made < calls; made += each.length) await Promise.all(each.map((call) => call(app)));
    expect(await seriesOf(app)).toEqual(few);
    const text = await app.metrics.text();
    expect(madeUp.filter((value) => text.includes(value))).toEqual([]);
    expect(madeUp.length).toBeGreaterThan(calls);
  });
});
