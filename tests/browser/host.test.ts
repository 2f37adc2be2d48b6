import type { Browser, FrameLocator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type HttpServer, startHttpServer } from '../support/http-server.js';
import { launch, obstacles, open, request } from './browser.js';
import { type HostServer, serveHost } from './host/serve.js';

let browser: Browser;
/** Deploys within seconds; not at all while a test looks. */
let fast: HttpServer;
let slow: HttpServer;
let host: HostServer;
let opened: Awaited<ReturnType<typeof open>>;

beforeAll(async () => {
  [browser, fast, slow] = await Promise.all([
    launch(),
    startHttpServer(['--sim-speed', '30']),
    startHttpServer(['--sim-speed', '0.01']),
  ]);
});
afterEach(async () => {
  await opened.context.close();
  host.close();
  expect(opened.errors).toEqual([]);
});
afterAll(async () => {
  await browser.close();
  expect(await Promise.all([fast.stop(), slow.stop()])).toEqual([0, 0]);
});

interface Conversation {
  readonly program?: HttpServer;
  readonly theme?: 'light' | 'dark';
  /** Whether time passes only when the test says so. */
  readonly stopsClock?: boolean;
}

/** The page beside the answer of a tool that the model has called. */
async function conversation(
  tool: string,
  input: Readonly<Record<string, unknown>>,
  { program = fast, theme = 'light', stopsClock = false }: Conversation = {},
) {
  host = await serveHost(program.url);
  opened = await open(browser, { viewport: { width: 760, height: 900 } });
  const { page } = opened;
  if (stopsClock) await page.clock.install();
  await page.goto(host.url);
  await page.waitForFunction(() => 'host' in window);
  const app = page.frameLocator('iframe').frameLocator('iframe');
  await page.evaluate(([name, args, context]) => window.host.show(name, args, context), [
    tool,
    input,
    { theme },
  ] as const);
  return { page, app };
}

const looks = () => host.calls.filter(({ name }) => name === 'check_provision_status');
const pill = (app: FrameLocator, word: string) => app.locator('.pill', { hasText: word }).waitFor();

describe('the page of the board in a host of MCP Apps', () => {
  it('follows a deployment to its end, with one call for each change, and asks nobody but its host', async () => {
    const networks = [{ address: '10.20.0.11/24', gateway: '10.20.0.1' }];
    const { page, app } = await conversation('provision_server', { ...request, server_id: 'rack1-small-01', networks });
    await pill(app, 'Deployed');
    await app.getByRole('button', { name: 'Copy the address' }).click();
    await app.getByText('Copied').waitFor();
    expect(await app.locator('.badge').textContent()).toBe('Simulated');
    const names = host.calls.map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(['provision_server', 'check_provision_status']));
    const [first, ...later] = looks();
    expect(first?.arguments).not.toHaveProperty('wait_seconds');
    for (const call of later) expect(call.arguments.wait_seconds).toBe(50);
    // The agent and Ironic take turns at some of the six steps.
    expect(later.length).toBeLessThan(16);
    expect(opened.requests.filter((url) => !url.startsWith(host.url) && url !== host.sandbox)).toEqual([]);
    expect(await page.evaluate(() => window.host.heights.length)).toBeGreaterThan(0);
    expect(await obstacles(page)).toEqual([]);
  });

  it('shows a failure with its next step, and lets the reader ask the assistant', async () => {
    const server_id = 'rack3-large-fail-write-image';
    const { page, app } = await conversation('provision_server', { ...request, server_id }, { theme: 'dark' });
    await pill(app, 'Failed');
    await app.getByText('The disk of the server is too small or full').first().waitFor();
    await app.getByText('a smaller image').waitFor();
    expect(await app.getByText('No space left on device').isVisible()).toBe(false);
    await app.getByText('What Ironic said').click();
    await app.getByText('No space left on device').waitFor();
    await app.getByRole('button', { name: 'Ask the assistant' }).click();
    await page.waitForFunction(() => window.host.messages.length > 0);
    const [message] = await page.evaluate(() => window.host.messages);
    // The user would be the one who says it, so nothing that others have written is in it.
    expect(message).toMatch(/operation_id [\da-f-]{36} failed/);
    expect(message).not.toContain('rack3');
    expect(await obstacles(page)).toEqual([]);
  });

  it('shows why a call was refused', async () => {
    const { app } = await conversation('provision_server', { ...request, server_id: 'rack2-large-04' });
    await app.getByText('is not available for provisioning').waitFor();
    await app.getByText('maintenance').waitFor();
    expect(looks()).toEqual([]);
  });

  it('draws the fleet, shows a server, and takes the theme and the height from the host', async () => {
    const { page, app } = await conversation('list_servers', { limit: 50 });
    await app.getByRole('heading', { name: '12 servers' }).waitFor();
    expect(await app.locator('.slot').count()).toBe(12);
    await app.getByRole('button', { name: /^rack1-small-02/ }).click();
    await app.getByRole('heading', { name: 'rack1-small-02' }).waitFor();
    await app.getByRole('button', { name: 'Ask the assistant to deploy it' }).click();
    await page.waitForFunction(() => window.host.messages.length > 0);
    expect(await page.evaluate(() => window.host.messages)).toEqual([
      expect.stringMatching(/server_id [\da-f-]{36}\./),
    ]);
    const colour = () => app.locator('.card').evaluate((card) => getComputedStyle(card).backgroundColor);
    const light = await colour();
    await page.evaluate(() => window.host.setTheme('dark'));
    await expect.poll(colour, { timeout: 60_000 }).not.toBe(light);
    expect(await obstacles(page)).toEqual([]);
    expect(new Set(host.calls.map(({ name }) => name))).toEqual(new Set(['list_servers']));
  });

  it('begins with what the model has asked for, and asks for the rest of it only', async () => {
    const { app } = await conversation('list_servers', { resource_class: 'baremetal.large', limit: 2 });
    await app.locator('.slot').nth(4).waitFor();
    expect(await app.locator('.slot').count()).toBe(5);
    expect(host.calls.map(({ arguments: input }) => input)).toEqual([
      { resource_class: 'baremetal.large', limit: 2 },
      { resource_class: 'baremetal.large', limit: 60 },
    ]);
    await app.locator('#class').selectOption('All classes');
    await app.getByRole('heading', { name: '12 servers' }).waitFor();
  });

  it('says that the server cannot be reached when the host has lost it, and keeps what it knows', async () => {
    const { page, app } = await conversation(
      'provision_server',
      { ...request, server_id: 'rack1-small-01' },
      { program: slow },
    );
    await pill(app, 'Deploying');
    await page.evaluate(() => window.host.disconnect());
    await app.getByText('could not reach the server').first().waitFor();
    await app.getByText('Trying again.').waitFor();
    await pill(app, 'Deploying');
  });

  it('says that a silent host does not answer', async () => {
    const input = { ...request, server_id: 'rack1-small-02' };
    const { page, app } = await conversation('provision_server', input, { program: slow, stopsClock: true });
    await pill(app, 'Deploying');
    await page.evaluate(() => window.host.fallSilent());
    await page.clock.fastForward(90_000);
    await app.getByText('The application that shows this page does not answer').first().waitFor();
  });

  it('asks for nothing more once the host takes it away', async () => {
    const input = { ...request, server_id: 'rack1-small-03' };
    const { page, app } = await conversation('provision_server', input, { program: slow, stopsClock: true });
    await pill(app, 'Deploying');
    await expect.poll(() => looks().length, { timeout: 60_000 }).toBe(2);
    await page.evaluate(() => window.host.tearDown());
    // A page that still asked would give up on its call, say so, and try again.
    for (let hour = 0; hour < 4; hour += 1) await page.clock.fastForward(3_600_000);
    expect(await app.locator('.trouble').count()).toBe(0);
    expect(looks().length).toBe(2);
  });
});
