// How a caller reaches the copies. Every call ends with one of three things: an answer, a failure of the program with its
// code, or no answer by any copy.
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';

/** As long as MCP clients wait by default. */
const patience = 60_000;

/** Why there is no answer of a copy, in the same words for each client. */
function lost(error) {
  const status = error.status ?? /\b50\d\b/.exec(error.message)?.[0];
  // The code of a DOMException is only a number.
  const code = error.cause?.code ?? (error instanceof DOMException ? error.name : (error.code ?? error.name));
  const isLate = [-32001, 'REQUEST_TIMEOUT', 'TimeoutError'].includes(code);
  const isCut = ['UND_ERR_SOCKET', 'ECONNRESET'].includes(code);
  const why = status
    ? `${status} of the balancer`
    : isLate
      ? 'no answer in a minute'
      : isCut
        ? 'connection closed'
        : code;
  return { kind: 'lost', code: String(why) };
}

/** A caller over REST. */
export function restCaller(front) {
  const routes = {
    provision_server: (input) => ['POST', '/provision', input],
    check_provision_status: ({ operation_id: id, ...query }) => [
      'GET',
      `/provision/${id}?${new URLSearchParams(query)}`,
    ],
    deprovision_server: ({ operation_id: id, ...input }) => ['DELETE', `/provision/${id}`, input],
    list_servers: (query) => ['GET', `/servers?${new URLSearchParams(query)}`],
  };
  return async (name, input) => {
    const [method, path, body] = routes[name](input);
    try {
      const response = await fetch(front + path, {
        method,
        ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
        signal: AbortSignal.timeout(patience),
      });
      const text = await response.text();
      const type = response.headers.get('content-type') ?? '';
      if (!type.includes('json')) return lost(response);
      const data = JSON.parse(text);
      return response.ok ? { kind: 'answer', data } : { ...data, kind: 'failure' };
    } catch (error) {
      return lost(error);
    }
  };
}

/** A caller over MCP. The newer client asks its user, who agrees; the older one cannot ask over HTTP. */
export function mcpCaller(front, line) {
  let client;
  async function connected() {
    if (client) return client;
    const at = new URL('/mcp', front);
    const clientInfo = { name: `caller-${line}`, version: '1' };
    const agree = async () => ({ action: 'accept', content: { confirm: true } });
    const capabilities = { elicitation: {} };
    const made =
      line === 'v1'
        ? new ClientV1(clientInfo, { capabilities })
        : new ClientV2(clientInfo, { capabilities, versionNegotiation: { mode: { pin: '2026-07-28' } } });
    made.setRequestHandler(line === 'v1' ? ElicitRequestSchema : 'elicitation/create', agree);
    await made.connect(line === 'v1' ? new TransportV1(at) : new TransportV2(at));
    client = made;
    return client;
  }
  return async (name, input) => {
    try {
      const session = await connected();
      const request = { name, arguments: input };
      const options = { timeout: patience };
      const result = await (line === 'v1'
        ? session.callTool(request, undefined, options)
        : session.callTool(request, options));
      if (!result.isError) return { kind: 'answer', data: result.structuredContent };
      const { text } = result.content[0];
      const said = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1];
      return {
        kind: 'failure',
        code: said('Code') ?? text,
        retryable: said('Retryable') === 'yes',
        reason: said('Reason'),
      };
    } catch (error) {
      await client?.close().catch(() => undefined);
      client = undefined;
      return lost(error);
    }
  };
}
