import type { JSONRPCMessage, McpServer, Transport } from '@modelcontextprotocol/server';

/** A request of a client that has ended. */
export interface EndedMcpRequest {
  readonly method: string;
  /** The tool of `tools/call`, as the client named it. */
  readonly tool: string | undefined;
  /** The error's code, `tool_error` or `cancelled`; undefined if the request succeeded. */
  readonly error: string | undefined;
  readonly seconds: number;
}

/** The same server. It tells of each request, from its arrival to its answer. */
export function observed(server: McpServer, onEnded: (ended: EndedMcpRequest) => void): McpServer {
  const connect = server.connect.bind(server);
  server.connect = (transport) => {
    observe(transport, onEnded);
    return connect(transport);
  };
  return server;
}

/** The SDK calls the handlers that it finds on a transport before its own. */
function observe(transport: Transport, onEnded: (ended: EndedMcpRequest) => void): void {
  const open = new Map<unknown, Pick<EndedMcpRequest, 'method' | 'tool'> & { readonly begun: number }>();
  const end = (id: unknown, error: string | undefined) => {
    const request = open.get(id);
    if (!request) return;
    open.delete(id);
    const { begun, ...rest } = request;
    onEnded({ ...rest, error, seconds: (performance.now() - begun) / 1_000 });
  };
  transport.onmessage = (message) => {
    if (!('method' in message) || !('id' in message)) return;
    const { id, method, params } = message;
    const tool = method === 'tools/call' ? String(params?.name) : undefined;
    open.set(id, { method, tool, begun: performance.now() });
  };
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    if (!('method' in message)) end(message.id, errorIn(message));
    return send(message, options);
  };
  transport.onclose = () => {
    for (const id of open.keys()) end(id, 'cancelled');
  };
}

function errorIn(message: Exclude<JSONRPCMessage, { method: string }>): string | undefined {
  if ('error' in message) return String(message.error.code);
  return message.result.isError === true ? 'tool_error' : undefined;
}
