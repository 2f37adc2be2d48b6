import { describe, expect, it } from 'vitest';
import { type ClientLine, clientLines, openSession } from '../../support/mcp-session.js';

const uri = 'ui://ironic/board';

describe.each(clientLines)('the board, for a %s client,', (line: ClientLine) => {
  it('belongs to two tools, may only call what reads, and is in no list of resources', async () => {
    const session = await openSession(line, { IRONIC_MCP_ALLOW_DEPROVISION: 'true', IRONIC_MCP_ALLOW_REBOOT: 'true' });
    const tools = await session.listTools();
    expect(Object.fromEntries(tools.map(({ name, _meta }) => [name, _meta]))).toEqual({
      provision_server: { ui: { resourceUri: uri, visibility: ['model'] } },
      check_provision_status: undefined,
      list_servers: { ui: { resourceUri: uri } },
      list_images: undefined,
      diagnose_server: undefined,
      deprovision_server: { ui: { visibility: ['model'] } },
      reboot_server: { ui: { visibility: ['model'] } },
    });
    expect(await session.client.listResources()).toMatchObject({ resources: [] });
    expect(JSON.stringify(await session.client.listResourceTemplates())).not.toContain('ui://');
    await session.close();
  });

  it('is one page that asks its host for no exception, and says that the cloud is simulated', async () => {
    const session = await openSession(line);
    const { contents } = (await session.client.readResource({ uri })) as { contents: { text: string }[] };
    expect(contents).toEqual([
      { uri, mimeType: 'text/html;profile=mcp-app', text: expect.any(String), _meta: { ui: { prefersBorder: false } } },
    ]);
    expect(contents[0]?.text).toMatch(/^<!doctype html>/);
    expect(contents[0]?.text).toContain('<body data-simulated>');
    await session.close();
    const real = await openSession(line, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: 'http://127.0.0.1:9' });
    const answer = (await real.client.readResource({ uri })) as { contents: { text: string }[] };
    expect(answer.contents[0]?.text).not.toContain('<body data-simulated>');
    await real.close();
  });
});
