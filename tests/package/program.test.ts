import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, inject, it } from 'vitest';

const { installed } = inject('packed');

describe('npx ironic-mcp, installed from the tarball without a registry', () => {
  it('deploys a server on the simulated cloud', async () => {
    const client = new Client({ name: 'tests', version: '1' });
    const transport = new StdioClientTransport({
      command: 'npx',
      args: ['--offline', 'ironic-mcp'],
      cwd: installed,
      env: { PATH: process.env.PATH ?? '', HOME: installed, IRONIC_MCP_SIM_SPEED: '500' },
      stderr: 'pipe',
    });
    await client.connect(transport);
    try {
      const started = await client.callTool({ name: 'provision_server', arguments: { image_id: 'ubuntu-24.04' } });
      expect(started.structuredContent).toMatchObject({ status: 'accepted' });
      const { operation_id } = started.structuredContent as { operation_id: string };
      const check = { name: 'check_provision_status', arguments: { operation_id, wait_seconds: 50 } };
      let status: Record<string, unknown>;
      do status = (await client.callTool(check)).structuredContent as Record<string, unknown>;
      while (status.status === 'in_progress');
      expect(status).toMatchObject({ status: 'completed', provision_state: 'active', progress_percent: 100 });
    } finally {
      await client.close();
    }
  });
});
