import { readRequestBody } from '@modelcontextprotocol/server';

/** The most values in a message, not counting the arguments of a tool, which the operation checks. */
const mostValues = 1_000;

/** A shorter message cannot hold more values. */
const shortest = 2 * mostValues;

/** The JSON-RPC error for such a message. */
export const wideMessage = { code: -32600, message: `Invalid Request: more than ${mostValues} values` } as const;

/**
 * Whether a message holds more values than any client sends. The SDK checks each value and describes each wrong one: a
 * megabyte of wrong list members would block the process for seconds and use a gigabyte.
 */
export function isWide(message: unknown): boolean {
  const { method, params } = Object(message) as { method?: unknown; params?: unknown };
  const spared = method === 'tools/call' ? (Object(params) as { arguments?: unknown }).arguments : undefined;
  const left = [message];
  for (let seen = 0; left.length > 0; seen += 1) {
    const value = left.pop();
    if (typeof value !== 'object' || value === null || value === spared) continue;
    const members = Object.values(value);
    if (seen + left.length + members.length > mostValues) return true;
    left.push(...members);
  }
  return false;
}

/**
 * An MCP handler that refuses such messages.
 * @param longest The most bytes that a body may have. The handler itself refuses longer ones.
 */
export function refusingWide(
  handler: (request: Request) => Promise<Response>,
  longest: number,
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'POST') return handler(request);
    const body = await readRequestBody(request.clone(), longest);
    const message = body.tooLarge || body.text.length < shortest ? undefined : parsed(body.text);
    if (!isWide(message)) return handler(request);
    const { id } = Object(message) as { id?: unknown };
    const known = typeof id === 'string' || typeof id === 'number' ? id : null;
    return Response.json({ jsonrpc: '2.0', id: known, error: wideMessage }, { status: 400 });
  };
}

/** Undefined if the text is not JSON: the handler refuses it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
