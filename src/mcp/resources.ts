import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { failureOf } from '../core/caller-failures.js';
import { Failure } from '../core/failures.js';
import type { Core } from '../core/operation.js';
import type { Ask } from './ask.js';

type Read = (id: string, context: ServerContext) => Promise<object>;

export interface ResourceOptions {
  readonly ask: Ask;
  readonly core: () => Promise<Core>;
  /** Turns an error into a failure for the client, and reports defects. */
  readonly failureIn: (error: unknown, context: ServerContext) => Failure;
}

/** Servers and operations as resources: the outputs of the tools, as JSON. */
export function registerResources(server: McpServer, { ask, core, failureIn }: ResourceOptions): void {
  const template = (name: string, title: string, description: string, read: Read) => {
    // A list would ask Ironic for all its servers whenever a client connects.
    const uris = new ResourceTemplate(`ironic://${name}/{id}`, { list: undefined });
    server.registerResource(
      name,
      uris,
      { title, description, mimeType: 'application/json' },
      async (uri, { id }, context) => {
        const found = await read(decoded(String(id)), context).catch((error) => {
          throw protocolError(failureIn(error, context), uri.href);
        });
        return { contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify(found) }] };
      },
    );
  };
  template(
    'servers',
    'A server',
    'A bare-metal server by its id or name, as list_servers shows it',
    async (id, context) => {
      const { servers, account } = await core();
      return servers.findListed(id, context.mcpReq.signal).catch((error: unknown) => {
        throw error instanceof Failure ? failureOf(error, account) : error;
      });
    },
  );
  template(
    'operations',
    'A deployment',
    'State of a deployment by its operation_id, as check_provision_status returns it',
    (id, context) => ask('check_provision_status', { operation_id: id }, context),
  );
}

/** The SDK passes a variable of a template as the URI has it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A failure as an error of the protocol, with the members that the tools show. */
function protocolError({ code, message, reason, hint, retryable }: Failure, uri: string): ProtocolError {
  const words = reason === null ? message : `${message}: ${reason}`;
  if (code === 'server_not_found' || code === 'operation_not_found') return new ResourceNotFoundError(uri, words);
  const kind = code === 'invalid_request' ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(kind, words, { uri, code, reason, hint, retryable });
}
