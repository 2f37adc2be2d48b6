import { readFileSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const axe = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM ada';

/** A deployment, without the server. */
export const request = { image_id: 'debian-12', hostname: 'web-1.example.com', ssh_public_keys: [key] };

/** Debian's Chromium. A root's one has no sandbox of its own. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** A fresh page whose errors, and whose refused requests, make the test fail. */
export async function open(browser: Browser, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ colorScheme: 'light', ...options });
  // So long that only what hangs gets there.
  context.setDefaultTimeout(100_000);
  const page = await context.newPage();
  const errors: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (line) => {
    // The browser itself reports each answer that is an error, and each that does not come. The page says it in words.
    if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) errors.push(line.text());
  });
  page.on('request', (request) => requests.push(request.url()));
  return { context, page, errors, requests };
}

/** What a reader would stumble over, by axe. */
export async function obstacles(page: Page): Promise<readonly string[]> {
  const found: string[] = [];
  for (const frame of page.frames()) {
    if ((await frame.locator('main').count()) === 0) continue;
    await frame.evaluate(axe);
    found.push(
      ...(await frame.evaluate(async () => {
        type Found = { id: string; nodes: { html: string }[] };
        const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Found[] }> } };
        const { violations } = await axe.run();
        return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
      })),
    );
  }
  return found;
}
