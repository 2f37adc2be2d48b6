import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import { server, travel } from './journey.mjs';

const client = new MultiServerMCPClient({ mcpServers: { ironic: { transport: 'stdio', ...server } } });
const tools = new Map((await client.getTools()).map((tool) => [tool.name, tool]));
await travel(tools.keys(), async (name, args) => {
  // As an agent calls it.
  const { artifact } = await tools.get(name).invoke({ type: 'tool_call', id: '1', name, args });
  return artifact.find(({ type }) => type === 'mcp_structured_content').data;
});
await client.close();
