import type { ServerContext } from '@modelcontextprotocol/server';

/**
 * Calls an operation by its name for a client, as the tool of that name does, and returns its output.
 * @throws Failure, or the signal's reason when that is aborted
 */
export type Ask = (
  operation: string,
  input: unknown,
  context: ServerContext,
  signal?: AbortSignal,
) => Promise<Record<string, unknown>>;
