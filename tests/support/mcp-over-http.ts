import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { asking, type ClientLine, type User } from './mcp-session.js';

const clientInfo = { name: 'tests', version: '1' };

/** A client of either SDK generation at `/mcp` of a server. If it has a user, it can ask the user. */
export async function connectOverHttp(
  line: ClientLine,
  url: string,
  authorization?: string,
  user?: User,
  send: typeof fetch = fetch,
) {
  const at = new URL('/mcp', url);
  const options = {
    fetch: send,
    ...(authorization === undefined ? {} : { requestInit: { headers: { authorization } } }),
  };
  if (line === 'v1') {
    const client = new ClientV1(clientInfo, user ? asking : {});
    if (user) client.setRequestHandler(ElicitRequestSchema, async ({ params }) => user(params.message));
    await client.connect(new TransportV1(at, options) as Transport);
    return client;
  }
  const modern = { versionNegotiation: { mode: { pin: '2026-07-28' as const } } };
  const client = new ClientV2(clientInfo, user ? { ...modern, ...asking } : modern);
  if (user) client.setRequestHandler('elicitation/create', async ({ params }) => user(params.message));
  await client.connect(new TransportV2(at, options));
  return client;
}
