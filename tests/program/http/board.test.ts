import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpServer, startHttpServer } from '../../support/http-server.js';

describe('the board at /', () => {
  let server: HttpServer;
  let html: string;
  let policy: string;
  beforeAll(async () => {
    server = await startHttpServer([], { IRONIC_MCP_HTTP_TOKEN: 'a-token-of-the-operator' });
    const response = await fetch(server.url, { headers: { accept: 'text/html' } });
    html = await response.text();
    policy = response.headers.get('content-security-policy') ?? '';
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  it('has at most 40 KB, and needs no token, because it holds nothing but itself', () => {
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(40_000);
  });

  it('may run its own script and style, ask its own server, and nothing else', () => {
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(html) ?? [];
    const [, script = ''] = /<script>(.*?)<\/script>/s.exec(html) ?? [];
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${hash(script)}`,
      `style-src ${hash(style)}`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
  });

  it('loads nothing', () => {
    expect(html.match(/(?:src|href)="[^"]{0,24}/g)).toEqual(['href="data:image/svg+xml;base6', 'href="/docs']);
    expect(html).not.toMatch(/@import|url\(|https?:/);
  });

  it('is told the steps of a deployment in a header, and every other answer has none', async () => {
    const ask = (path: string, body?: object) =>
      fetch(`${server.url}${path}`, {
        headers: { Authorization: 'Bearer a-token-of-the-operator', 'Content-Type': 'application/json' },
        ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
      });
    const made = await ask('/provision', { image_id: 'debian-12', server_id: 'rack1-small-01' });
    const { operation_id } = (await made.json()) as { operation_id: string };
    const status = await ask(`/provision/${operation_id}`);
    const drawing = JSON.parse(decodeURI(status.headers.get('x-drawing') ?? '')) as { steps: object[] };
    expect(drawing.steps).toHaveLength(6);
    expect(await status.json()).not.toHaveProperty('steps');
    for (const other of [made, await ask('/servers')]) expect(other.headers.has('x-drawing')).toBe(false);
  });
});
