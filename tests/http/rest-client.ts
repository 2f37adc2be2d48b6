export interface RestClient {
  /** Sends a request. A body other than text or bytes goes as JSON. */
  ask(
    method: string,
    target: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Answer>;
  /** Calls a tool at `/mcp`. */
  callTool(name: string, input: object): Promise<ToolResult>;
}

export interface Answer {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, if it is JSON. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface ToolResult {
  readonly isError?: boolean;
  readonly content: readonly { readonly text: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
}

/** Calls a server at that address by REST and MCP, without a client library. */
export function createRestClient(base: string, send: (request: Request, target: string) => Promise<Response>) {
  const { host } = new URL(base);
  const ask: RestClient['ask'] = async (method, target, body, headers, signal = new AbortController().signal) => {
    const isText = typeof body === 'string' || body instanceof Uint8Array;
    const request = new Request(new URL(target, base), {
      method,
      signal,
      headers: { host, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    });
    const response = await send(request, target);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const json = isJson && text ? (JSON.parse(text) as Answer['json']) : {};
    return { method, target, status: response.status, headers: response.headers, text, json };
  };
  const callTool: RestClient['callTool'] = async (name, input) => {
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: input } };
    const { text } = await ask('POST', '/mcp', message, { accept: 'application/json, text/event-stream' });
    const [, data = text] = /^data: (.*)$/m.exec(text) ?? [];
    return (JSON.parse(data) as { result: ToolResult }).result;
  };
  return { ask, callTool };
}
