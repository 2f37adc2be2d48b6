import { createMCPClient } from '@ai-sdk/mcp';
import { Experimental_StdioMCPTransport as StdioTransport } from '@ai-sdk/mcp/mcp-stdio';
import { server, travel } from './journey.mjs';

const client = await createMCPClient({ transport: new StdioTransport(server) });
const tools = await client.tools();
await travel(Object.keys(tools), async (name, args) => {
  const result = await tools[name].execute(args, { toolCallId: '1', messages: [] });
  return result.structuredContent ?? result.content[0].text;
});
await client.close();
