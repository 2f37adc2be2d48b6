import { readRequestBody } from '@modelcontextprotocol/server';

/** The protocol's answer to a call that `dropsArgument` is true of. */
export const droppedArgument = { code: -32602, message: 'Invalid params: unknown argument "__proto__"' } as const;

/** Whether a message calls a tool with an argument `__proto__`: the SDK would drop it in silence before anybody judges it. */
export function dropsArgument(message: unknown): boolean {
  const { id, params } = Object(message) as { id?: unknown; params?: unknown };
  // Nobody answers a notification, nor does one call a tool.
  if (id === undefined) return false;
  const { arguments: given } = Object(params) as { arguments?: unknown };
  return typeof given === 'object' && given !== null && Object.hasOwn(given, '__proto__');
}

/**
 * An MCP handler that refuses such calls.
 * @param longest Bytes of a body; longer ones are left to the handler to refuse.
 */
export function refusingDropped(
  handler: (request: Request) => Promise<Response>,
  longest: number,
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'POST') return handler(request);
    const body = await readRequestBody(request.clone(), longest);
    const message = body.tooLarge ? undefined : suspicious(body.text);
    const call = [message].flat().find(dropsArgument) as { id?: unknown } | undefined;
    if (!call) return handler(request);
    return Response.json({ jsonrpc: '2.0', id: call.id ?? null, error: droppedArgument }, { status: 400 });
  };
}

/** Parses what might hold such a name; nearly no message does. */
function suspicious(text: string): unknown {
  if (!/__proto__|\\u/i.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
