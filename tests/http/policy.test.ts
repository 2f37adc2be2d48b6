import { describe, expect, it } from 'vitest';
import { allOperations } from '../../src/core/operations.js';
import { document, expectDocumented } from './documented.js';
import { createRestApp } from './rest-app.js';

const request = { image_id: 'ubuntu-24.04', server_id: 'rack1-small-01' };

describe('in read-only mode', () => {
  const env = { IRONIC_MCP_READ_ONLY: 'true', IRONIC_MCP_ALLOW_DEPROVISION: 'true' };

  it.each(allOperations.filter(({ effect }) => effect !== 'read'))(
    'the route of $name says only that',
    async ({ route }) => {
      const app = await createRestApp({ env });
      const target = route.path.replace('{operation_id}', '1a049bf3-8234-4c54-abc6-eeccc75cd2f7');
      // Even an unreadable body gets the same answer.
      const answer = await app.ask(route.method, target, '{');
      expect(answer.json).toMatchObject({
        status: 403,
        code: 'not_permitted',
        detail: "Not permitted by this server's policy",
        reason: 'this MCP server is read-only (IRONIC_MCP_READ_ONLY)',
      });
      expectDocumented(answer);
    },
  );

  it('MCP has no such tool either, and calling it changes nothing', async () => {
    const app = await createRestApp({ env });
    expect(await app.callTool('provision_server', request)).toBeUndefined();
    const status = await app.ask('GET', '/provision/1a049bf3-8234-4c54-abc6-eeccc75cd2f7');
    expect(status.json).toMatchObject({ code: 'operation_not_found' });
  });
});

describe('a rule about what may be deployed', () => {
  it.each([
    [
      { IRONIC_MCP_IMAGES: 'debian-*' },
      'image ubuntu-24.04 is not allowed: the operator of this MCP server allows only debian-* (IRONIC_MCP_IMAGES)',
    ],
    [
      { IRONIC_MCP_RESOURCE_CLASSES: 'baremetal.gpu' },
      'class baremetal.small is not allowed: the operator of this MCP server allows only baremetal.gpu (IRONIC_MCP_RESOURCE_CLASSES)',
    ],
  ])('is the same in REST and MCP: %j', async (env, reason) => {
    const app = await createRestApp({ env });
    const answer = await app.ask('POST', '/provision', request);
    expect(answer.json).toMatchObject({ status: 403, code: 'not_permitted', reason });
    expectDocumented(answer);
    const tool = await app.callTool('provision_server', request);
    expect(tool).toMatchObject({ isError: true });
    expect(tool.content[0]?.text).toContain(`Reason: ${reason}\n`);
  });
});

describe('the documents', () => {
  it('say which setting switches off each operation that changes something', () => {
    for (const { effect, route } of allOperations) {
      const { description = '' } = document.paths[route.path]?.[route.method.toLowerCase()] ?? {};
      expect(description.includes('IRONIC_MCP_READ_ONLY')).toBe(effect !== 'read');
      expect(description.includes('IRONIC_MCP_ALLOW_REBOOT')).toBe(effect === 'interrupt');
      expect(description.includes('IRONIC_MCP_ALLOW_DEPROVISION')).toBe(effect === 'destroy');
    }
  });
});
