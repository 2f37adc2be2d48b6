import { beforeAll, describe, expect, it } from 'vitest';
import { expectDocumented } from './documented.js';
import { createRestApp, type RestApp } from './rest-app.js';

let app: RestApp;
beforeAll(async () => {
  app = await createRestApp();
  // The first message of a simulated cloud says how to use a real one.
  await app.ask('GET', '/images');
});

describe.each([
  ['/images?limit=2', 'list_images', { limit: 2 }],
  ['/servers?limit=2&resource_class=baremetal.small', 'list_servers', { limit: 2, resource_class: 'baremetal.small' }],
] as const)('GET %s', (target, tool, input) => {
  it('has the same answer as the MCP tool', async () => {
    const answer = await app.ask('GET', target);
    expectDocumented(answer);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual((await app.callTool(tool, input)).structuredContent);
  });

  it('goes on after the last entry of the page', async () => {
    const { next_cursor: cursor } = (await app.ask('GET', target)).json;
    const answer = await app.ask('GET', `${target}&cursor=${encodeURIComponent(String(cursor))}`);
    expectDocumented(answer);
    expect(answer.json.next_cursor).not.toBe(cursor);
  });

  it('refuses a cursor that is unknown or has expired', async () => {
    const answer = await app.ask('GET', `${target}&cursor=nosuch`);
    expectDocumented(answer);
    expect(answer).toMatchObject({ status: 422, json: { code: 'invalid_request', errors: [{ field: 'cursor' }] } });
  });
});
