import { members } from './answers.js';
import { CallFailed, type Link } from './link.js';

const string = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** How a server wants its callers to sign in: with its token, or with an application credential of their own. */
export type Scheme = 'Bearer' | 'Basic';

interface RestLinkOptions {
  /** The value of the header `Authorization`, if the reader has signed in. */
  readonly authorization: () => string | null;
  /** Called when the server refuses a call without the right sign-in. */
  readonly onChallenge: (scheme: Scheme) => void;
}

/** Calls the REST routes of the server that the page came from. */
export function createRestLink({ authorization, onChallenge }: RestLinkOptions): Link {
  return {
    ask: null,
    async call(reader, input, signal) {
      const { operation_id: id, ...rest } = input;
      const query = new URLSearchParams(Object.entries(rest).map(([name, value]) => [name, String(value)]));
      const path = reader === 'list_servers' ? 'servers' : `provision/${encodeURIComponent(String(id))}`;
      const sent = authorization();
      const response = await fetch(`/${path}?${query}`, {
        headers: { Accept: 'application/json', ...(sent === null ? {} : { Authorization: sent }) },
        signal,
        redirect: 'error',
        // The page asks for the sign-in itself. The browser's own dialog would keep it for all tabs, until the browser ends.
        credentials: 'omit',
      }).catch((error) => {
        throw signal.aborted ? error : new CallFailed('The server does not answer', { code: 'no_answer' });
      });
      const body: unknown = await response.json().catch(() => null);
      if (response.ok) return { data: body, drawing: drawingIn(response.headers.get('X-Drawing')) };
      if (response.status === 401) {
        onChallenge(/^basic/i.test(response.headers.get('WWW-Authenticate') ?? '') ? 'Basic' : 'Bearer');
      }
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
