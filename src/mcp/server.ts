import {
  CLIENT_INFO_META_KEY,
  type jsonSchemaValidator,
  McpServer,
  type ServerContext,
  type StandardSchemaWithJSON,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { Failure } from '../core/failures.js';
import type { Caller, Core, Operation } from '../core/operation.js';
import { validTraceparent } from '../core/traceparent.js';
import { progressOf } from './progress.js';
import type { Tool } from './tools.js';

export interface McpOptions {
  readonly name: string;
  readonly version: string;
  readonly instructions: string;
  /** What is offered: the operations, or some of them. */
  readonly tools: readonly Tool[];
  /** The operations, loaded when the first tool is called. */
  readonly operations: () => Promise<readonly Operation[]>;
  /** The core, built when the first tool is called. */
  readonly core: () => Promise<Core>;
  /** Whether servers come from outside of this process. */
  readonly openWorld: boolean;
  /** Called with what went wrong behind an internal error. */
  readonly onDefect: (error: unknown) => void;
}

/** An MCP server whose tools are the operations. */
export function createMcpServer({
  name,
  version,
  instructions,
  tools,
  operations,
  core,
  openWorld,
  onDefect,
}: McpOptions): McpServer {
  const server = new McpServer(
    { name, title: 'Bare-metal servers by Ironic', version },
    { instructions, capabilities: alsoAnswered, jsonSchemaValidator: unjudging },
  );
  const named = async (name: string): Promise<Operation> => {
    const operation = (await operations()).find((each) => each.name === name);
    if (!operation) throw new Error(`there is no operation ${name}`);
    return operation;
  };
  for (const { name, title, description, effect, idempotent, inputSchema, outputSchema } of tools) {
    server.registerTool(
      name,
      {
        title,
        description,
        inputSchema: described(inputSchema),
        outputSchema: described(outputSchema),
        annotations: {
          title,
          readOnlyHint: effect === 'read',
          destructiveHint: effect === 'destroy',
          idempotentHint: idempotent,
          openWorldHint: openWorld,
        },
      },
      async (input, context) => {
        const { signal, _meta: meta } = context.mcpReq;
        const call = {
          signal,
          report: progressOf(context),
          caller: callerOf(server, context),
          traceparent: validTraceparent(meta?.traceparent ?? context.http?.req?.headers.get('traceparent')),
        };
        try {
          const [operation, asked] = await Promise.all([named(name), core()]);
          const output = await operation.call(asked, input, call);
          return { content: [{ type: 'text', text: JSON.stringify(output) }], structuredContent: output };
        } catch (error) {
          // Nobody reads the answer to a call that was cancelled.
          const failure = error instanceof Failure ? error : new Failure('internal', { cause: error });
          if (failure.code === 'internal' && !signal.aborted) onDefect(failure.cause);
          return { isError: true, content: [{ type: 'text', text: failureText(failure) }] };
        }
      },
    );
  }
  return server;
}

/** Clients up to 2025-11-25 say who they are once, later ones with each request; over HTTP there is always a User-Agent. */
function callerOf({ server }: McpServer, { mcpReq, http }: ServerContext): Caller {
  const envelope: Readonly<Record<string, unknown>> = mcpReq.envelope ?? {};
  const client = ClientInfo.safeParse(envelope[CLIENT_INFO_META_KEY] ?? server.getClientVersion()).data;
  const name = client?.name ?? http?.req?.headers.get('user-agent') ?? undefined;
  return { face: 'mcp', name, version: client?.version };
}

const ClientInfo = z.object({ name: z.string(), version: z.string() });

/**
 * What clients ask every server for. There are no resources and no prompts, and nothing is logged to clients; but an
 * empty list, and a level that is taken note of, are better answers than an error. Nothing here ever changes.
 */
const alsoAnswered = {
  tools: { listChanged: false },
  resources: { listChanged: false },
  prompts: { listChanged: false },
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

/** For the answers of a user, which are judged by whoever asked. The SDK's own validator would slow the start by a tenth. */
const unjudging: jsonSchemaValidator = {
  getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
};

/**
 * A schema that describes but does not judge. The operation parses its input for every face alike; the SDK would
 * answer in words of its own, and would check the output after the server has been deployed.
 */
function described(schema: Record<string, unknown>): StandardSchemaWithJSON<unknown, Record<string, unknown>> {
  return {
    '~standard': {
      version: 1,
      vendor: 'ironic-mcp',
      jsonSchema: { input: () => schema, output: () => schema },
      validate: (value) => ({ value: value as Record<string, unknown> }),
    },
  };
}
