import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const sources = readdirSync('src/board').filter((name) => name.endsWith('.ts'));
const text = (name: string) => readFileSync(`src/board/${name}`, 'utf8');

it('the page makes no markup from a string, and runs none', () => {
  const sinks =
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\b|new Function|setHTML|srcdoc/;
  expect(sources.filter((name) => sinks.test(text(name)))).toEqual([]);
});

it('the page has two ways out: its own server, and the host that shows it', () => {
  const ways = /\bfetch\(|XMLHttpRequest|sendBeacon|WebSocket|EventSource|postMessage\(|\bimport\(|window\.open/;
  expect(sources.filter((name) => ways.test(text(name)))).toEqual(['host-link.ts', 'rest-link.ts']);
});

it('the page names two operations, and both only read', () => {
  const named = new Set(
    sources.flatMap((name) => text(name).match(/'(?:\w+_(?:server|servers|images|status))'/g) ?? []),
  );
  expect([...named].sort()).toEqual(["'check_provision_status'", "'list_servers'"]);
});
