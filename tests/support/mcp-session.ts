import type { ChildProcess } from 'node:child_process';
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as TransportV2 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { assert } from 'vitest';
import { type Environment, type Exit, program, type Recording, record } from './program.js';

/** The two generations of client libraries: the old one, and the one for protocol 2026-07-28. */
export const clientLines = ['v1', 'v2'] as const;
export type ClientLine = (typeof clientLines)[number];

/** A tool's answer. */
export interface ToolAnswer {
  readonly isError: boolean;
  readonly text: string;
  /** The structured content. */
  readonly data: Readonly<Record<string, unknown>> | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** If given, the client asks for progress notifications. */
  readonly onprogress?: (progress: Reported) => void;
  /** After how many milliseconds the client gives up: 60,000 by default. */
  readonly timeout?: number;
}

/** The content of a progress notification. */
export interface Reported {
  readonly progress: number;
  readonly total?: number | undefined;
  readonly message?: string | undefined;
}

/** One MCP client with the server that it started. Both generations have the same interface here. */
export interface McpSession {
  readonly line: ClientLine;
  readonly pid: number;
  readonly instructions: string;
  /** The negotiated protocol version. */
  readonly protocol: string;
  readonly server: { readonly name: string; readonly version: string };
  callTool(name: string, input: unknown, options?: CallOptions): Promise<ToolAnswer>;
  listTools(): Promise<readonly ListedTool[]>;
  /** The client library itself, for everything around the tools. */
  readonly client: AroundTools;
  /** Everything that the server has written so far. */
  stdout(): string;
  stderr(): string;
  readonly exited: Promise<Exit>;
  /**
   * Closes the client as the library does, and waits for the server to end. Rejects if the server ever wrote anything except
   * JSON-RPC to stdout.
   */
  close(): Promise<Exit>;
}

/** The methods that both generations share. */
interface AroundTools {
  listPrompts(): Promise<object>;
  getPrompt(request: { name: string; arguments?: Record<string, string> }): Promise<object>;
  listResources(): Promise<object>;
  listResourceTemplates(): Promise<object>;
  readResource(request: { uri: string }): Promise<object>;
  complete(request: {
    ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string };
    argument: { name: string; value: string };
  }): Promise<object>;
}

interface ListedTool {
  readonly name: string;
  readonly description?: string | undefined;
  readonly annotations?: object | undefined;
  readonly inputSchema: object;
  readonly outputSchema?: object | undefined;
  readonly _meta?: object | undefined;
}

/** How the user of a client answers a question. A client without a user cannot ask. */
export type User = (question: string) => Reply | Promise<Reply>;
type Reply = { readonly action: 'accept' | 'decline' | 'cancel'; readonly content?: { readonly confirm: boolean } };

export async function openSession(
  line: ClientLine,
  env: Environment = {},
  args: readonly string[] = [],
  user: User | undefined = undefined,
) {
  const parameters = { command: process.execPath, args: [program, ...args], env: { ...env }, stderr: 'pipe' as const };
  return line === 'v1' ? openV1(parameters, user) : openV2(parameters, user);
}

/** The capabilities of a client that has a user. */
export const asking = { capabilities: { elicitation: { form: {} } } };

interface Parameters {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly stderr: 'pipe';
}

/** The process that a transport has just started. Both generations hide it in the same place. */
function processOf(transport: object): ChildProcess {
  return Reflect.get(transport, '_process') as ChildProcess;
}

class RecordedV1 extends TransportV1 {
  recorded: Recording | undefined;
  override async start() {
    await super.start();
    this.recorded = record(processOf(this));
  }
}

class RecordedV2 extends TransportV2 {
  recorded: Recording | undefined;
  override async start() {
    await super.start();
    this.recorded = record(processOf(this));
  }
}

const clientInfo = { name: 'tests', version: '1' };

async function openV1(parameters: Parameters, user: User | undefined): Promise<McpSession> {
  const transport = new RecordedV1(parameters);
  const client = new ClientV1(clientInfo, user ? asking : {});
  if (user) client.setRequestHandler(ElicitRequestSchema, async ({ params }) => user(params.message));
  let protocol = '';
  // This client reports it in no other way.
  Object.assign(transport, { setProtocolVersion: (version: string) => (protocol = version) });
  await client.connect(transport);
  return {
    line: 'v1',
    protocol,
    instructions: client.getInstructions() ?? '',
    server: client.getServerVersion() ?? { name: '', version: '' },
    callTool: async (name, input, options) =>
      answerIn(await client.callTool({ name, arguments: input as ToolInput }, undefined, options)),
    listTools: async () => (await client.listTools()).tools,
    client,
    ...rest(transport, () => client.close()),
  };
}

async function openV2(parameters: Parameters, user: User | undefined): Promise<McpSession> {
  const transport = new RecordedV2(parameters);
  const modern = { versionNegotiation: { mode: { pin: '2026-07-28' as const } } };
  const client = new ClientV2(clientInfo, user ? { ...modern, ...asking } : modern);
  if (user) client.setRequestHandler('elicitation/create', async ({ params }) => user(params.message));
  await client.connect(transport);
  return {
    line: 'v2',
    protocol: client.getNegotiatedProtocolVersion() ?? '',
    instructions: client.getInstructions() ?? '',
    server: client.getServerVersion() ?? { name: '', version: '' },
    callTool: async (name, input, options) =>
      answerIn(await client.callTool({ name, arguments: input as ToolInput }, options)),
    listTools: async () => (await client.listTools()).tools,
    client,
    ...rest(transport, () => client.close()),
  };
}

type ToolInput = Record<string, unknown>;

function rest(transport: RecordedV1 | RecordedV2, close: () => Promise<void>) {
  const { recorded, pid } = transport;
  assert(recorded && pid, 'the server has been started');
  return {
    pid,
    stdout: recorded.stdout,
    stderr: recorded.stderr,
    exited: recorded.exited,
    close: async () => {
      await close();
      const exit = await recorded.exited;
      assertOnlyJsonRpc(recorded.stdout());
      return exit;
    },
  };
}

function answerIn(result: object): ToolAnswer {
  const { content, isError, structuredContent } = result as {
    content: { type: string; text: string }[];
    isError?: boolean;
    structuredContent?: ToolInput;
  };
  const [first, ...others] = content;
  assert(first?.type === 'text' && others.length === 0, 'a tool answers with one text');
  return { isError: isError === true, text: first.text, data: structuredContent };
}

/** Checks that stdout has only protocol messages. */
export function assertOnlyJsonRpc(stdout: string): void {
  assert(stdout === '' || stdout.endsWith('\n'), `stdout ends in the middle of a line: ${stdout.slice(-200)}`);
  for (const line of stdout.split('\n').slice(0, -1)) {
    assert(/^\{.*\}$/s.test(line), `not JSON-RPC on stdout: ${line.slice(0, 200)}`);
    assert(
      (JSON.parse(line) as { jsonrpc?: unknown }).jsonrpc === '2.0',
      `not JSON-RPC on stdout: ${line.slice(0, 200)}`,
    );
  }
}
