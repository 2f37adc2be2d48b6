import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { AppBridge, getToolUiResourceUri, PostMessageTransport } from '@modelcontextprotocol/ext-apps/app-bridge';

// A host of MCP Apps in a web page, as the official example has it: an MCP client, the official bridge, and the page of the
// server in a frame inside a frame of another origin.

type Input = Readonly<Record<string, unknown>>;
type Context = NonNullable<ConstructorParameters<typeof AppBridge>[3]>['hostContext'];

/** What a test can see, and do, in the host. */
export interface Host {
  /** Calls a tool as the model does, and shows the page that belongs to it. Resolves when the page has the result. */
  show(tool: string, input: Input, context?: Context): Promise<void>;
  /** What the page wrote to the assistant. */
  readonly messages: string[];
  readonly heights: number[];
  setTheme(theme: 'light' | 'dark'): void;
  /** Ends the connection to the MCP server, for all calls of the page. */
  disconnect(): Promise<void>;
  /** Tells the page that it will be taken away. */
  tearDown(): Promise<void>;
  /** Does not pass on any more of what the page says. */
  fallSilent(): void;
}

declare global {
  interface Window {
    host: Host;
  }
}

const frame = document.querySelector('iframe') as HTMLIFrameElement;
const capabilities = { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } } };
const client = new Client({ name: 'host', version: '1' }, { capabilities });
const messages: string[] = [];
const heights: number[] = [];
let bridge: AppBridge;

async function show(name: string, input: Input, hostContext: Context = {}): Promise<void> {
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', location.href)));
  const { tools } = await client.listTools();
  const tool = tools.find((each) => each.name === name);
  const uri = tool && getToolUiResourceUri(tool);
  if (!uri) throw new Error(`${name} has no page`);
  const { contents } = await client.readResource({ uri });
  const [content] = contents;
  if (content?.mimeType !== 'text/html;profile=mcp-app' || !('text' in content)) throw new Error('not a page');

  bridge = new AppBridge(
    client,
    { name: 'host', version: '1' },
    { serverTools: {}, serverResources: {}, message: { text: {} } },
    { hostContext: { theme: 'light', toolInfo: { tool }, ...hostContext } },
  );
  bridge.onmessage = async ({ content: [block] }) => {
    messages.push(block?.type === 'text' ? block.text : '');
    return {};
  };
  bridge.addEventListener('sizechange', ({ height }) => {
    if (height === undefined) return;
    heights.push(height);
    frame.style.height = `${height}px`;
  });
  const initialized = new Promise<void>((resolve) => {
    bridge.addEventListener('initialized', () => resolve());
  });
  const sandbox = frame.contentWindow as Window;
  await bridge.connect(new PostMessageTransport(sandbox, sandbox));
  await bridge.sendSandboxResourceReady({ html: content.text });
  await initialized;
  await bridge.sendToolInput({ arguments: input });
  await bridge.sendToolResult(await client.callTool({ name, arguments: input }));
}

window.host = {
  show,
  messages,
  heights,
  setTheme: (theme) => void bridge.sendHostContextChange({ theme }),
  disconnect: () => client.close(),
  tearDown: async () => void (await bridge.teardownResource({})),
  fallSilent: () => frame.contentWindow?.postMessage('silence', '*'),
};
