import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Failure } from '../core/failures.js';
import type { Core } from '../core/operation.js';
import type { Ask } from './ask.js';

type Read = (id: string, context: ServerContext) => Promise<object>;

export interface ResourceOptions {
  readonly ask: Ask;
  readonly core: () => Promise<Core>;
  /** What an error means to the client; takes note of defects. */
  readonly failureIn: (error: unknown, context: ServerContext) => Failure;
}

/** Servers and operations as resources: what the tools answer about them, as JSON. */
export function registerResources(server: McpServer, { ask, core, failureIn }: ResourceOptions): void {
  const template = (name: string, title: string, description: string, read: Read) => {
    // Listing them would ask Ironic for all its servers whenever a client connects.
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
    async (id, context) => (await core()).servers.findListed(id, context.mcpReq.signal),
  );
  template(
    'operations',
    'A deployment',
    'How a deployment stands, by its operation_id, as check_provision_status tells it',
    (id, context) => ask('check_provision_status', { operation_id: id }, context),
  );
}

/** A variable of a template comes as it stands in the URI. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A failure in the protocol's words, with what the tools say of it beside. */
function protocolError({ code, message, reason, hint, retryable }: Failure, uri: string): ProtocolError {
  const words = reason === null ? message : `${message}: ${reason}`;
  if (code === 'server_not_found' || code === 'operation_not_found') return new ResourceNotFoundError(uri, words);
  const kind = code === 'invalid_request' ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(kind, words, { uri, code, reason, hint, retryable });
}
