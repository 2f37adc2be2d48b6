import { MCPClient } from '@mastra/mcp';
import { server, travel } from './journey.mjs';

const client = new MCPClient({ servers: { ironic: server }, timeout: 300_000 });
// Mastra puts the name of the server in front of the name of the tool.
const listed = Object.entries(await client.listTools());
const tools = new Map(listed.map(([name, tool]) => [name.replace(/^ironic_/, ''), tool]));
await travel(tools.keys(), (name, args) => tools.get(name).execute(args, {}));
await client.disconnect();
