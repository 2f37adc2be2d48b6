// The server from the README of the MCP SDK 2.x, with one tool. Its argument, if any, is the tool's answer.
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import * as z from 'zod';

const given = process.argv[2] && JSON.parse(process.argv[2]);

serveStdio(() => {
  const server = new McpServer({ name: 'peer', version: '1.0.0' });
  const inputSchema = z.object({ a: z.number(), b: z.number() });
  server.registerTool(
    'add',
    { description: 'Adds two numbers', inputSchema },
    async ({ a, b }) => given ?? { content: [{ type: 'text', text: String(a + b) }] },
  );
  return server;
});
