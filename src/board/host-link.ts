import { members } from './answers.js';
import { CallFailed, failureIn, type Link } from './link.js';

// The few messages of MCP Apps that the page needs, as JSON-RPC through `postMessage`. The official client class weighs
// more than the rest of the program.

const protocolVersion = '2026-01-26';

/** Milliseconds that a host has for a call, beyond the time that the call may wait. */
const patience = 30_000;

/** JSON-RPC's code for a method that the other side does not have. */
const noSuchMethod = -32601;

/** What a host tells the page, in the order in which it comes. */
export interface HostEvents {
  /** The arguments of the call that the page stands beside. */
  onInput(input: Readonly<Record<string, unknown>>): void;
  /** The result of that call. */
  onResult(result: { readonly data: unknown } | CallFailed): void;
  onTheme(theme: string): void;
  onFont(name: string, value: string): void;
  /** The host takes the page away. */
  onEnd(): void;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: CallFailed): void;
}

/** Connects to the host that shows the page. Resolves when the host has answered. */
export async function connectToHost(host: Window, events: HostEvents): Promise<Link> {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  // The page cannot know the origin of its host. It sends ids, and no secrets.
  const send = (message: object) => host.postMessage({ jsonrpc: '2.0', ...message }, '*');

  function request(method: string, params: object, time?: number, signal?: AbortSignal): Promise<unknown> {
    last += 1;
    const id = last;
    let release = () => {};
    return new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      const late = () =>
        reject(new CallFailed('The application that shows this page does not answer', { code: 'no_answer' }));
      const timer = time === undefined ? undefined : setTimeout(late, time);
      const cancel = () => {
        send({ method: 'notifications/cancelled', params: { requestId: id } });
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', cancel);
      release = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
        waiting.delete(id);
      };
      send({ id, method, params });
    }).finally(() => release());
  }

  function onNotification(method: string, params: Readonly<Record<string, unknown>>): void {
    if (method === 'ui/notifications/tool-input') events.onInput(members(params.arguments));
    if (method === 'ui/notifications/tool-result') events.onResult(resultIn(params));
    if (method === 'ui/notifications/tool-cancelled') events.onResult(new CallFailed('The call was cancelled'));
    if (method === 'ui/notifications/host-context-changed') onContext(params);
  }

  function onContext({ theme, styles }: Readonly<Record<string, unknown>>): void {
    if (theme === 'light' || theme === 'dark') events.onTheme(theme);
    const variables = members(members(styles).variables);
    for (const name of ['--font-sans', '--font-mono']) {
      const value = variables[name];
      if (typeof value === 'string') events.onFont(name, value);
    }
  }

  addEventListener('message', ({ source, data }: MessageEvent<unknown>) => {
    if (source !== host) return;
    const { jsonrpc, id, method, params, result, error } = members(data);
    if (jsonrpc !== '2.0') return;
    if (typeof method !== 'string') {
      const asked = typeof id === 'number' ? waiting.get(id) : undefined;
      if (error === undefined) asked?.resolve(result);
      else asked?.reject(errorIn(members(error)));
    } else if (id === undefined) {
      onNotification(method, members(params));
    } else if (method === 'ping' || method === 'ui/resource-teardown') {
      send({ id, result: {} });
      if (method !== 'ping') events.onEnd();
    } else {
      send({ id, error: { code: noSuchMethod, message: 'Method not found' } });
    }
  });

  const { hostCapabilities, hostContext } = members(
    await request('ui/initialize', {
      protocolVersion,
      appInfo: { name: 'ironic-mcp', version: '1' },
      appCapabilities: { availableDisplayModes: ['inline', 'fullscreen'] },
    }),
  );
  onContext(members(hostContext));
  send({ method: 'ui/notifications/initialized', params: {} });
  new ResizeObserver(() => {
    const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
    send({ method: 'ui/notifications/size-changed', params: { height } });
  }).observe(document.documentElement);

  const message = (text: string) => {
    const asked = request('ui/message', { role: 'user', content: [{ type: 'text', text }] }, patience);
    // The host shows what becomes of it.
    asked.catch(() => undefined);
  };
  return {
    ask: members(hostCapabilities).message === undefined ? null : message,
    async call(name, input, signal) {
      const wait = typeof input.wait_seconds === 'number' ? input.wait_seconds * 1_000 : 0;
      const result = resultIn(
        members(await request('tools/call', { name, arguments: input }, wait + patience, signal)),
      );
      if (result instanceof CallFailed) throw result;
      return result;
    },
  };
}

/** The result of a tool. A host may leave out the structured content: its text is the same, as JSON. */
function resultIn({ isError, content, structuredContent, _meta }: Readonly<Record<string, unknown>>) {
  const [first] = Array.isArray(content) ? content : [];
  const { text } = members(first);
  const said = typeof text === 'string' ? text : '';
  if (isError === true) return failureIn(said);
  const data = structuredContent ?? parsed(said);
  return { data, drawing: members(_meta)['io.github.ironic-mcp/drawing'] };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorIn({ code, message }: Readonly<Record<string, unknown>>): CallFailed {
  if (code === noSuchMethod) {
    const hint = 'Ask the assistant how it stands.';
    return new CallFailed('This application does not let the page look by itself', { hint, retryable: false });
  }
  const reason = typeof message === 'string' ? message : null;
  return new CallFailed('The application that shows this page could not reach the server', { reason });
}
