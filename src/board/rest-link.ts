import { members } from './answers.js';
import { CallFailed, type Link } from './link.js';

const string = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** Calls the REST routes of the server that the page came from. */
export function createRestLink(token: () => string | null): Link {
  return {
    ask: null,
    async call(reader, input, signal) {
      const { operation_id: id, ...rest } = input;
      const query = new URLSearchParams(Object.entries(rest).map(([name, value]) => [name, String(value)]));
      const path = reader === 'list_servers' ? 'servers' : `provision/${encodeURIComponent(String(id))}`;
      const sent = token();
      const response = await fetch(`/${path}?${query}`, {
        headers: { Accept: 'application/json', ...(sent === null ? {} : { Authorization: `Bearer ${sent}` }) },
        signal,
        redirect: 'error',
      }).catch((error) => {
        throw signal.aborted ? error : new CallFailed('The server does not answer', { code: 'no_answer' });
      });
      const body: unknown = await response.json().catch(() => null);
      if (response.ok) return { data: body, drawing: drawingIn(response.headers.get('X-Drawing')) };
      const { detail, reason, hint, code, retryable } = members(body);
      throw new CallFailed(string(detail) ?? `The server answered with HTTP status ${response.status}`, {
        reason: string(reason),
        hint: string(hint),
        code: response.status === 401 ? 'unauthorized' : string(code),
        retryable: retryable === true || response.status >= 500,
      });
    },
  };
}

function drawingIn(header: string | null): unknown {
  try {
    return header === null ? undefined : JSON.parse(decodeURI(header));
  } catch {
    return undefined;
  }
}
