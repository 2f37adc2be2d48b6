import {
  CLIENT_INFO_META_KEY,
  type jsonSchemaValidator,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { inTrace } from '../core/async/trace.js';
import type { Call, Caller, Drawing } from '../core/call.js';
import { Failure } from '../core/failures.js';
import { validTraceparent } from '../core/input/traceparent.js';
import type { Core, Operation } from '../core/operation.js';
import type { Ask } from './ask.js';
import { answerMeta, registerBoard, toolMeta } from './board.js';
import { registerCompletions } from './completions.js';
import { agreed } from './consent.js';
import { icons, title } from './icon.js';
import { progressOf } from './progress.js';
import { registerPrompts } from './prompts.js';
import { registerResources } from './resources.js';
import type { Tool } from './tools.js';

export interface McpOptions {
  readonly name: string;
  readonly version: string;
  readonly instructions: string;
  /** The tools to offer: all operations, or some of them. */
  readonly tools: readonly Tool[];
  /** The operations, loaded when the first tool is called. */
  readonly operations: () => Promise<readonly Operation[]>;
  /** The core, built when the first tool is called. */
  readonly core: () => Promise<Core>;
  /** The page of the board, loaded when a host asks for it. */
  readonly board: () => Promise<string>;
  /** Whether the servers exist outside of this process. */
  readonly openWorld: boolean;
  /** Called with the cause of an internal error. */
  readonly onDefect: (error: unknown) => void;
}

/** An MCP server whose tools are the operations, with resources, a prompt and completions. */
export function createMcpServer(options: McpOptions): McpServer {
  const { name, version, instructions, tools, operations, core, board, openWorld, onDefect } = options;
  const server = new McpServer(
    { name, title, version, icons },
    { instructions, capabilities, jsonSchemaValidator: unjudging },
  );
  let loading: Promise<readonly [ReadonlyMap<string, Operation>, Core]> | undefined;
  async function load() {
    const [known, asked] = await Promise.all([operations(), core()]);
    return [new Map(known.map((operation) => [operation.name, operation])), asked] as const;
  }
  /** Everything that a call for a client needs. */
  async function prepared(name: string, context: ServerContext, signal = context.mcpReq.signal) {
    loading ??= load();
    const [known, asked] = await loading;
    const operation = known.get(name);
    if (!operation) throw new Error(`there is no operation ${name}`);
    const call: Call = {
      signal,
      report: progressOf(context),
      caller: callerOf(server, context),
      traceparent: traceOf(context),
    };
    return { operation, asked, call };
  }
  const ask: Ask = async (name, input, context, signal) => {
    const { operation, asked, call } = await prepared(name, context, signal);
    return operation.call(asked, input, call);
  };
  const failureIn = (error: unknown, context: ServerContext): Failure => {
    const failure = error instanceof Failure ? error : new Failure('internal', { cause: error });
    // Nobody reads the answer to a call that was cancelled.
    if (failure.code === 'internal' && !context.mcpReq.signal.aborted) {
      inTrace(traceOf(context), () => onDefect(failure.cause));
    }
    return failure;
  };
  const listed = tools.map(({ name, title, description, effect, idempotent, inputSchema, outputSchema }) => ({
    name,
    description,
    inputSchema,
    annotations: {
      // Clients of every protocol show this title. A second one, beside the name, would only cost tokens.
      title,
      readOnlyHint: effect === 'read',
      // A deployment overwrites the disk even of a free server, so a client that asks before such calls must ask here.
      destructiveHint: effect !== 'read',
      idempotentHint: idempotent,
      openWorldHint: openWorld,
    },
    outputSchema,
    ...toolMeta({ name, effect }),
  }));
  const names = new Set(tools.map(({ name }) => name));
  // Not registerTool: the operation parses its input in the same way for every face. The SDK would use messages of its own,
  // and it could reject the output after the server has been deployed.
  server.server.setRequestHandler('tools/list', () => ({ tools: listed }));
  server.server.setRequestHandler('tools/call', callSchemas, async ({ name, arguments: input = {} }, context) => {
    if (!names.has(name)) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Tool ${name} not found`);
    try {
      const { operation, asked, call } = await prepared(name, context);
      const consent = await agreed(operation, asked, input, call, server, context);
      if (consent.kind === 'ask') return consent.question;
      let drawing: Drawing | undefined;
      const draw = (made: Drawing) => {
        drawing = made;
      };
      const output = await operation.call(asked, input, { ...call, agreed: consent.agreed, draw });
      const content = [{ type: 'text', text: JSON.stringify(output) } as const];
      return { content, structuredContent: output, ...answerMeta(drawing) };
    } catch (error) {
      return { isError: true, content: [{ type: 'text', text: failureText(failureIn(error, context)) }] };
    }
  });
  registerResources(server, { ask, core, failureIn });
  registerBoard(server, board);
  if (tools.some((tool) => tool.name === 'provision_server')) registerPrompts(server);
  registerCompletions(server, { ask, core });
  return server;
}

/** The caller's trace. A client may send it with a call or with the HTTP request. */
function traceOf({ mcpReq, http }: ServerContext): string | undefined {
  return validTraceparent(mcpReq._meta?.traceparent ?? http?.req?.headers.get('traceparent'));
}

/** Clients up to 2025-11-25 send their name once, later ones with each request. Over HTTP there is also a User-Agent. */
function callerOf({ server }: McpServer, { mcpReq, http }: ServerContext): Caller {
  const envelope: Readonly<Record<string, unknown>> = mcpReq.envelope ?? {};
  const sent = envelope[CLIENT_INFO_META_KEY];
  const client = sent === undefined ? server.getClientVersion() : ClientInfo.safeParse(sent).data;
  const name = client?.name ?? http?.req?.headers.get('user-agent') ?? undefined;
  return { face: 'mcp', name, version: client?.version };
}

/**
 * The SDK's own schema copies the arguments and silently drops `__proto__`. This one passes them unchanged, so that the
 * operation refuses `__proto__` like any other unknown argument.
 */
const callSchemas = { params: z.object({ name: z.string(), arguments: z.unknown().optional() }) };

const ClientInfo = z.object({ name: z.string(), version: z.string() });

/**
 * The lists never change. We log nothing to clients and may have no prompt, but declare both: a client that sets a log level
 * or lists prompts then gets no error.
 */
const capabilities = {
  tools: { listChanged: false },
  resources: { listChanged: false },
  prompts: { listChanged: false },
  completions: {},
  logging: {},
} as const;

/** A failure as an agent reads it. Text only: structured content beside isError makes 1.x clients throw. */
export function failureText(failure: Failure): string {
  return [
    failure.message,
    ...(failure.reason === null ? [] : [`Reason: ${failure.reason}`]),
    `Next: ${failure.hint}`,
    `Code: ${failure.code}`,
    `Retryable: ${failure.retryable ? 'yes' : 'no'}`,
  ].join('\n');
}

/** Accepts a user's answers unseen, because `agreed` checks them. The SDK's own validator would slow the start by a tenth. */
const unjudging: jsonSchemaValidator = {
  getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
};
