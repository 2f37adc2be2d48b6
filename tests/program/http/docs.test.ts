import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failures } from '../../../src/core/failures.js';
import { allOperations } from '../../../src/core/operations.js';
import { docsPageAt } from '../../../src/http/documents.js';
import { fieldDescriptions } from '../../../src/http/field-descriptions.js';
import { type HttpServer, startHttpServer } from '../../support/http-server.js';

const unescaped = (html: string) => html.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));

const base = 'http://127.0.0.1:7385';
const docsPage = docsPageAt(base);

/** The curl lines of the page, in order. */
const lines = [...docsPage.matchAll(/<pre><code>(curl .*?)<\/code><\/pre>/gs)].map(([, line = '']) => unescaped(line));

describe('the reference page', () => {
  it('has less than 60 KB, no script, and asks nobody for anything', () => {
    expect(Buffer.byteLength(docsPage)).toBeLessThan(60_000);
    expect(docsPage).not.toMatch(/<script|<img|<link|<iframe|@import|url\(|\son\w+=|javascript:/i);
    expect([...docsPage.matchAll(/href="([^"]*)"/g)].map(([, href]) => href?.[0])).toEqual(
      expect.arrayContaining(['#']),
    );
    expect(docsPage).not.toMatch(/href="(?![#/])/);
  });

  it('has each operation with its arguments, and each failure with its message', () => {
    for (const { name, route, input } of allOperations) {
      expect(docsPage).toContain(`<section id="${name}">`);
      expect(docsPage).toContain(`>${route.method}</b> ${route.path}`);
      for (const argument of Object.keys((input as unknown as { shape: object }).shape)) {
        expect(docsPage).toContain(`<code>${argument}</code>`);
      }
    }
    for (const [code, { message }] of Object.entries(failures)) {
      expect(docsPage).toContain(`<code id="${code}">${code}</code></td><td>${message.replaceAll('"', '&#34;')}</td>`);
    }
  });

  it('says of each argument and of each member of an answer what it means, those in lists too', () => {
    const rows = [...docsPage.matchAll(/<tr><td>(.*?)<\/td><\/tr>/gs)].map(([, row = '']) => row.split('</td><td>'));
    const names = rows.map(([name = '']) => name.replace(/<[^>]*>/g, ''));
    expect(names).toEqual(
      expect.arrayContaining(['image_id required', 'failure.hint', 'servers[].note', 'images[].id']),
    );
    for (const row of rows) expect(row.at(-1), row[0]).toMatch(/\S/);
  });

  it('has each of our fieldDescriptions beside a member of that name', () => {
    const rows = [...docsPage.matchAll(/<tr><td><code>(?:[\w.[\]]+\.)?(\w+)<\/code>.*<td>(.*)<\/td><\/tr>/g)];
    const said = rows.map(([, name, words = '']) => `${name}: ${words.replace(/<[^>]*>/g, '')}`);
    for (const [name, words] of Object.entries(fieldDescriptions)) expect(said).toContain(`${name}: ${words}`);
  });

  it('sets identifiers in sentences as code, and names routes where the tools of MCP have names', () => {
    for (const code of ['server_id', 'GET /servers', 'baremetal.small']) {
      expect(docsPage).toContain(` <code>${code}</code>`);
    }
    expect(docsPage).toContain('<code>{&#34;packages&#34;:[&#34;nginx&#34;]}</code>');
    const withoutTools = docsPage.replace(/MCP tool: <code>\w+<\/code>/g, '').replace(/(?:id="|href="#)\w+"/g, '');
    for (const { name } of allOperations) expect(withoutTools).not.toContain(name);
  });

  it('says in a word what each method does', () => {
    for (const words of ['destroy">destroys data', 'write">changes a server', 'read">reads only']) {
      expect(docsPage).toContain(`<small class="${words}</small>`);
    }
  });

  it('has no link to a place that it does not have', () => {
    const places = new Set([...docsPage.matchAll(/id="([^"]*)"/g)].map(([, id]) => id));
    for (const [, target] of docsPage.matchAll(/href="#([^"]*)"/g)) expect(places).toContain(target);
  });
});

describe('a curl line of the reference page', () => {
  let server: HttpServer;
  beforeAll(async () => {
    const [, flags = ''] = /<code>ironic-mcp http (.*?)<\/code>/.exec(docsPage) ?? [];
    server = await startHttpServer(flags.split(' '));
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  it('stands on a page whose reader may ask nobody else, whatever should ever get into it', async () => {
    const { headers } = await fetch(`${server.url}/docs`);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'unsafe-inline';/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('asks the host and port that the reader has asked', async () => {
    const page = await (await fetch(`${server.url}/docs`)).text();
    expect(page).toContain(`curl '${server.url}/provision'`);
    expect(page).not.toContain(base);
  });

  it('is there for each operation', () => {
    expect(lines.length).toBeGreaterThan(allOperations.length);
  });

  it.each(lines)('works as it is: %s', async (line) => {
    const here = line.replace(base, server.url);
    expect(here).not.toBe(line);
    const call = () => promisify(execFile)('sh', ['-c', `${here} --silent --show-error --fail-with-body`]);
    let { stdout } = await call();
    // As the page says: the example that undeploys comes after it.
    while (here.includes('wait_seconds') && stdout.includes('"in_progress"')) ({ stdout } = await call());
    expect(stdout).toMatch(/^\{|^event: message\ndata: \{|^# HELP /);
  });
});
