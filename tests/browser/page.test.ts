import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CallersCloud, startCallersCloud } from '../support/callers/callers-cloud.js';
import { type FaultProxy, faults, startFaultProxy } from '../support/faults/fault-proxy.js';
import { type HttpServer, startHttpServer } from '../support/http-server.js';
import { type Running, start } from '../support/program.js';
import { type SimulatedIronic, startSimulatedIronic } from '../support/simulated-ironic.js';
import { launch, obstacles, open, request } from './browser.js';

let browser: Browser;
let opened: Awaited<ReturnType<typeof open>>;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
afterEach(async () => {
  await opened.context.close();
  expect(opened.errors).toEqual([]);
});

async function visit(url: string, options: Parameters<typeof open>[1] = {}): Promise<Page> {
  opened = await open(browser, { viewport: { width: 1280, height: 900 }, ...options });
  await opened.page.goto(url);
  return opened.page;
}

const slotOf = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^${name}`) });

async function deploy(server: HttpServer, server_id: string, more = {}): Promise<void> {
  const body = JSON.stringify({ ...request, server_id, ...more });
  const headers = { 'Content-Type': 'application/json' };
  const { status } = await fetch(`${server.url}/provision`, { method: 'POST', headers, body });
  expect(status).toBe(202);
}

/** What the page has asked its server, without the rest of the query. */
const asked = () => new Set(opened.requests.map((url) => new URL(url).pathname.replace(/[\da-f-]{36}/, 'ID')));

describe('the board at /, while a deployment goes on', () => {
  let ironic: SimulatedIronic;
  let server: HttpServer;
  /** Ironic's time, which passes only here. */
  let now = Date.now();
  beforeAll(async () => {
    ironic = await startSimulatedIronic({ clock: { now: () => now } });
    const cloud = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: ironic.url, OS_IMAGE_ENDPOINT_OVERRIDE: `${ironic.url}/v2` };
    server = await startHttpServer([], cloud);
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
    await ironic.close();
  });

  it('follows it from the click to its end, and only ever reads', async () => {
    const networks = [{ address: '10.20.0.11/24', gateway: '10.20.0.1' }];
    await deploy(server, 'rack1-small-01', { networks });
    const page = await visit(server.url);
    await page.getByText('1 deploying').waitFor();
    await slotOf(page, 'rack1-small-01').click();
    await page.locator('.pill', { hasText: 'Deploying' }).waitFor();
    await page.getByText('Getting ready').waitFor();
    now += 10_000;
    await page.getByText(/Step \d of 6/).waitFor();
    expect(await page.locator('.track .now').count()).toBe(1);
    expect(await obstacles(page)).toEqual([]);
    now += 3_600_000;
    await page.locator('.pill', { hasText: 'Deployed' }).waitFor();
    await opened.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy the command to log in' }).click();
    await page.getByText('Copied').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('ssh debian@10.20.0.11');
    // The list shows the end of the deployment as well.
    await page.getByText('3 in use').waitFor();
    expect(asked()).toEqual(new Set(['/', '/servers', '/provision/ID']));
    expect(opened.requests.every((url) => url.startsWith(server.url))).toBe(true);
  });
});

describe('the board at /', () => {
  let server: HttpServer;
  beforeAll(async () => {
    server = await startHttpServer(['--sim-speed', '30']);
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  it('draws the fleet', async () => {
    const page = await visit(server.url);
    await page.getByRole('heading', { name: '12 servers' }).waitFor();
    expect(await page.locator('.badge').textContent()).toBe('Simulated');
    expect(await page.locator('.slot').count()).toBe(12);
    expect(await obstacles(page)).toEqual([]);
  });

  it('shows a failure', async () => {
    await deploy(server, 'rack3-large-fail-write-image');
    const page = await visit(server.url);
    await slotOf(page, 'rack3-large-fail-write-image').click();
    await page.getByText('Failed at: Writing the image to the disk').waitFor();
    await page.getByText('a smaller image').waitFor();
    expect(await page.getByRole('button', { name: 'Ask the assistant' }).count()).toBe(0);
    expect(await obstacles(page)).toEqual([]);
  });

  it('can be used with the keyboard alone', async () => {
    const page = await visit(server.url);
    const slot = slotOf(page, 'rack1-small-04');
    await slot.waitFor();
    const isFocused = () => slot.evaluate((element) => element === document.activeElement);
    for (let presses = 0; presses < 40 && !(await isFocused()); presses += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'rack1-small-04' }).waitFor();
    expect(await slot.getAttribute('aria-expanded')).toBe('true');
    await page.getByRole('button', { name: 'Close' }).press('Enter');
    await expect.poll(isFocused, { timeout: 60_000 }).toBe(true);
  });

  it.each([320, 700, 1400])('fits a window of %i pixels, and hinders nobody in the dark', async (width) => {
    const page = await visit(server.url, { viewport: { width, height: 900 }, colorScheme: 'dark' });
    await slotOf(page, 'rack1-small-04').click();
    await page.locator('.facts').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    expect(await obstacles(page)).toEqual([]);
  });

  it('moves nothing for a reader who wants no motion', async () => {
    const page = await visit(server.url, { reducedMotion: 'reduce' });
    await slotOf(page, 'rack1-small-04').click();
    await page.locator('.facts').waitFor();
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  });

  it('leads to the reference', async () => {
    const page = await visit(server.url);
    await page.getByRole('link', { name: 'REST reference' }).click();
    await page.getByText('This page is the REST reference').waitFor();
  });

  it('shows hostile names as text, cannot be made to run or to load anything, and asks about no made-up id', async () => {
    const hostile = [
      '<img src="http://127.0.0.1:9/x" onerror="document.title=1">',
      '</script><script>document.title=1</script>',
      'safe\u202e.exe\u2066',
      'x'.repeat(10_240),
      'javascript:document.title=1',
    ];
    const servers = hostile.map((name, index) => ({
      id: index === 0 ? '../mcp?x=' : `00000000-0000-4000-8000-00000000000${index}`,
      ...{ name, resource_class: name, state: 'unusable', note: name, traits: [name], hostname: name },
    }));
    opened = await open(browser, { viewport: { width: 1280, height: 900 } });
    const { page } = opened;
    await page.route('**/servers?*', (route) =>
      route.fulfill({ json: { message: hostile[0], servers, next_cursor: null, counts: [] } }),
    );
    await page.goto(server.url);
    await page.getByRole('button', { name: 'Look again' }).waitFor();
    await page.locator('.empty').waitFor();
    await page.unroute('**/servers?*');
    await page.route('**/servers?*', (route) => route.fulfill({ json: { message: '', servers, next_cursor: null } }));
    await page.getByRole('button', { name: 'Look again' }).click();
    await page.locator('.slot').nth(4).waitFor();
    expect(await page.locator('button.slot').count()).toBe(4);
    for (const slot of await page.locator('button.slot').all()) await slot.click();
    expect(await page.locator('img, main script, iframe, object').count()).toBe(0);
    expect(await page.title()).toBe('Bare-metal servers');
    const text = await page.locator('main').textContent();
    expect(text).toContain('<img src="http://127.0.0.1:9/x"');
    expect(text).toContain('safe\ufffd.exe\ufffd');
    expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    expect(text?.length).toBeLessThan(20_000);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(1280);
    expect(asked()).toEqual(new Set(['/', '/servers']));
  });
});

describe('the board of 1,000 servers', () => {
  let simulator: Running;
  let proxy: FaultProxy;
  let server: HttpServer;
  beforeAll(async () => {
    simulator = start(['simulator', '--port', '0', '--nodes', '1000']);
    proxy = await startFaultProxy((await simulator.until('stdout', /^http:.*\n/)).trim());
    server = await startHttpServer([], { OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url });
  });
  afterAll(async () => {
    await server.stop();
    await proxy.close();
    simulator.child.kill('SIGTERM');
    await simulator.exited;
  });

  it('folds the racks, draws at most 60 slots, and finds the rest by class, state and name', async () => {
    const page = await visit(server.url);
    await page.getByRole('heading', { name: '1,000 servers' }).waitFor();
    expect(await page.locator('.badge').count()).toBe(0);
    expect(await page.locator('.rack').count()).toBe(3);
    expect(await page.locator('.slot').count()).toBeLessThanOrEqual(24);
    await page.getByRole('button', { name: 'Show more of 301 in baremetal.large' }).click();
    await expect.poll(() => page.locator('.slot').count(), { timeout: 60_000 }).toBe(60);
    await page.getByRole('button', { name: '101 in use' }).click();
    await expect.poll(() => page.locator('.slot').count(), { timeout: 60_000 }).toBeLessThan(10);
    await page.getByText('rack2-large-03').waitFor();
    await page.getByRole('button', { name: '101 in use' }).click();
    await page.getByLabel('Name or host name').fill('rack7-large-07');
    await expect.poll(() => page.locator('.slot').count(), { timeout: 60_000 }).toBe(1);
    expect(await obstacles(page)).toEqual([]);
  });

  it('keeps what it knows while Ironic is away, says so, and goes on when Ironic is back', async () => {
    const page = await visit(server.url);
    await page.getByRole('heading', { name: '1,000 servers' }).waitFor();
    proxy.on({}, faults.answerBefore(503));
    await page.getByRole('button', { name: 'Look again' }).click();
    await page.getByText('Failed to communicate with Ironic').waitFor();
    await page.getByText('What you see is from before.').waitFor();
    await slotOf(page, 'rack2-large-03').click();
    await page.getByText('Trying again.').waitFor();
    expect(await obstacles(page)).toEqual([]);
    proxy.clear();
    await page.locator('.pill', { hasText: 'Deployed' }).waitFor();
    await page.getByRole('button', { name: 'Look again' }).click();
    await page.locator('.top .trouble').waitFor({ state: 'detached' });
  });
});

describe('the board of a server with a token', () => {
  let server: HttpServer;
  beforeAll(async () => {
    server = await startHttpServer([], { IRONIC_MCP_HTTP_TOKEN: 'the-right-token-of-the-operator' });
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
    expect(server.program.stderr()).not.toMatch(/(wrong|right)-token/);
  });

  it('asks for the token once, says when it is wrong, and keeps it for this tab only', async () => {
    const page = await visit(server.url);
    const field = page.getByLabel('Token', { exact: true });
    await field.waitFor();
    expect(await obstacles(page)).toEqual([]);
    await field.fill('a-wrong-token-of-the-reader');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('The server refuses this token.').waitFor();
    expect(await obstacles(page)).toEqual([]);
    await field.fill('the-right-token-of-the-operator');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: '12 servers' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: '12 servers' }).waitFor();
    expect(page.url()).not.toContain('token');
    const other = await opened.context.newPage();
    await other.goto(server.url);
    await other.getByLabel('Token', { exact: true }).waitFor();
  });
});

describe('the board of a server whose callers sign in', () => {
  let cloud: CallersCloud;
  let server: HttpServer;
  beforeAll(async () => {
    cloud = await startCallersCloud();
    server = await startHttpServer([], cloud.env);
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
    await cloud.close();
    expect(server.program.stderr()).not.toContain('-secret');
  });

  it('asks for an application credential, says when it is wrong, and keeps it for this tab only', async () => {
    const { id, secret } = cloud.person('ann', 'red');
    const page = await visit(server.url);
    const signIn = async (...values: string[]) => {
      for (const [index, label] of ['Id', 'Secret'].entries()) {
        await page.getByLabel(label, { exact: true }).fill(values[index] ?? '');
      }
      await page.getByRole('button', { name: 'Continue' }).click();
    };
    await page.getByRole('heading', { name: 'This server wants an application credential' }).waitFor();
    expect(await obstacles(page)).toEqual([]);
    await signIn(id, 'a-wrong-secret');
    await page.getByText('The server refuses this credential.').waitFor();
    expect(await obstacles(page)).toEqual([]);
    await signIn(` ${id}`, secret);
    await page.getByRole('heading', { name: '12 servers' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: '12 servers' }).waitFor();
    expect(asked()).toEqual(new Set(['/', '/servers']));
    const other = await opened.context.newPage();
    await other.goto(server.url);
    await other.getByLabel('Secret', { exact: true }).waitFor();
  });
});
