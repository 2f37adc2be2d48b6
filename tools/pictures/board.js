// Draws docs/images/board*.png in Debian's Chromium, from the built program and its simulator. With a folder as argument
// it draws every view there instead, in the light, in the dark and in a narrow window.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [folder] = process.argv.slice(2);
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM ada';
const networks = [{ address: '10.20.0.11/24', gateway: '10.20.0.1' }];
const request = { image_id: 'debian-12', ssh_public_keys: [key] };

const wide = { viewport: { width: 1200, height: 640 } };
const windows = {
  light: { ...wide, colorScheme: 'light' },
  dark: { ...wide, colorScheme: 'dark' },
  narrow: { viewport: { width: 360, height: 640 }, deviceScaleFactor: 2, colorScheme: 'light' },
  'narrow-dark': { viewport: { width: 360, height: 640 }, deviceScaleFactor: 2, colorScheme: 'dark' },
};

const children = [];
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  // Slow enough for a picture of each step, with some servers in use; and so fast that a deployment ends at once.
  const [slow, fast] = [await serve(['--sim-speed', '1']), await serve(['--sim-speed', '20'])];
  const failing = 'rack3-large-fail-write-image';
  await ended(fast, await deploy(fast, { server_id: failing, hostname: 'db-1.example.com' }));
  await ended(fast, await deploy(fast, { server_id: 'rack1-small-01', hostname: 'web-1.example.com', networks }));
  await deploy(slow, { server_id: 'rack2-large-01', hostname: 'db-2.example.com' });
  const { operation_id } = await deploy(slow, { server_id: 'rack1-small-02', hostname: 'web-2.example.com' });
  for (let percent = 0; percent < 42; ) ({ progress_percent: percent } = await status(slow, operation_id, 3));
  const following = { at: slow, act: choose('rack1-small-02') };
  const failed = { at: fast, act: choose(failing) };
  if (folder) {
    const thousand = await serve([], await ironic(1000));
    for (const [name, view] of Object.entries({
      following,
      fleet: { at: slow },
      failed: { at: fast, act: choose(failing, 'What Ironic said') },
      completed: { at: fast, act: choose('rack1-small-01') },
      free: { at: fast, act: choose('rack1-small-03') },
      thousand: { at: thousand },
      class: {
        at: thousand,
        act: async (page) => {
          await page.getByText('Show more of').first().click();
          await page.locator('.slot').nth(59).waitFor();
        },
      },
    })) {
      for (const [look, options] of Object.entries(windows)) {
        await draw(view, options, (page) =>
          page.screenshot({ path: join(folder, `${name}-${look}.png`), fullPage: true }),
        );
      }
    }
  } else {
    const card = (path) => (page) => page.locator('.card').screenshot({ path });
    await draw(following, windows.light, (page) => page.screenshot({ path: 'docs/images/board.png' }));
    await draw(
      following,
      { ...windows.narrow, viewport: { width: 460, height: 640 } },
      card('docs/images/board-deploying.png'),
    );
    await draw(
      failed,
      { ...windows.dark, deviceScaleFactor: 2, viewport: { width: 460, height: 640 } },
      card('docs/images/board-failed.png'),
    );
  }
} finally {
  for (const child of children) child.kill();
  await browser.close();
}

/** Opens the board, does something there, and takes a picture. */
async function draw({ at, act }, options, take) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  await page.goto(at);
  await page.locator('.slot').first().waitFor();
  await act?.(page);
  await page.mouse.move(0, 0);
  await take(page);
  await context.close();
}

/** Chooses a server, and opens what is folded. */
function choose(name, ...folds) {
  return async (page) => {
    await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
    await page.locator('.facts').waitFor();
    for (const fold of folds) await page.getByText(fold).click();
  };
}

async function serve(args, env = {}) {
  return started(['http', '--port', '0', ...args], env);
}

/** The settings for a simulated Ironic with so many servers. */
async function ironic(servers) {
  return { OS_AUTH_TYPE: 'none', OS_ENDPOINT: await started(['simulator', '--port', '0', '--nodes', `${servers}`]) };
}

/** Starts the program, and returns the address that it prints. */
async function started(args, env = {}) {
  const { PATH, HOME } = process.env;
  const options = { env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'ignore'] };
  const child = spawn(process.execPath, ['bin/ironic-mcp.js', ...args], options);
  children.push(child);
  child.stdout.setEncoding('utf8');
  return new Promise((resolve) => {
    child.stdout.on('data', (text) => resolve(text.trim()));
  });
}

async function deploy(at, more) {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`${at}/provision`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ ...request, ...more }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

async function status(at, id, seconds) {
  return (await fetch(`${at}/provision/${id}?wait_seconds=${seconds}`)).json();
}

async function ended(at, { operation_id }) {
  while ((await status(at, operation_id, 50)).status === 'in_progress');
}
