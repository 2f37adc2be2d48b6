import { expect } from 'vitest';
import { type FailureCode, failures } from '../../src/core/failures.js';
import { operationNames } from '../../src/core/names.js';
import { Problem } from '../../src/http/problem.js';
import { expectDocumented } from './documented.js';
import type { Answer, RestClient, ToolResult } from './rest-client.js';

export const nobody = '00000000-0000-0000-0000-000000000000';

/** Rewrites a text for REST readers with the tools' names of MCP. */
function asTools(text: string): string {
  // A route may begin with another one.
  const names = Object.values(operationNames).sort((one, other) => other.rest.length - one.rest.length);
  return names.reduce((said, { mcp, rest }) => said.replaceAll(rest, mcp), text);
}

/** What a cloud needs so that each request of the table fails there. */
export interface FailingCloud {
  /** An image that can be deployed. */
  readonly image: string;
  /** A server that somebody else uses. */
  readonly taken: string;
  /** The UUID of a server that is free for deployment. */
  readonly free: string;
  /** An image, and a server on which it cannot be deployed. */
  readonly unfit: { readonly image_id: string; readonly server_id?: string };
}

interface FailingRequest {
  readonly code: FailureCode;
  /** What `{id}` in the message stands for. */
  readonly id?: string;
  readonly method?: string;
  readonly target?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The same call by MCP, if MCP can express it. */
  readonly tool?: readonly [name: string, input: object];
}

/** Requests that fail on any cloud. */
export function failingRequests({ image, taken, free, unfit }: FailingCloud): readonly FailingRequest[] {
  const provision = (code: FailureCode, input: object, id?: string): FailingRequest => {
    const body = { image_id: image, ...input };
    return {
      code,
      method: 'POST',
      target: '/provision',
      body,
      tool: ['provision_server', body],
      ...(id ? { id } : {}),
    };
  };
  return [
    provision('server_not_found', { server_id: 'no-such-server' }, 'no-such-server'),
    provision('server_not_available', { server_id: taken }, taken),
    provision('no_available_servers', { resource_class: 'no.such.class' }),
    provision('image_not_found', { image_id: 'no-such-image' }, 'no-such-image'),
    provision('image_not_deployable', unfit, unfit.image_id),
    provision('invalid_request', { hostname: '-' }),
    provision('invalid_request', { image_id: undefined }),
    provision('invalid_request', { colour: 'green' }),
    {
      code: 'server_not_found',
      id: nobody,
      target: `/provision/${nobody}`,
      tool: ['check_provision_status', { operation_id: nobody }],
    },
    {
      code: 'operation_not_found',
      id: free,
      target: `/provision/${free}`,
      tool: ['check_provision_status', { operation_id: free }],
    },
    {
      code: 'invalid_request',
      target: `/provision/${taken}x?wait_seconds=51`,
      tool: ['check_provision_status', { operation_id: `${taken}x`, wait_seconds: 51 }],
    },
    { code: 'malformed', method: 'POST', target: '/provision', body: '{"image_id":' },
    { code: 'too_large', method: 'POST', target: '/provision', body: { image_id: 'x'.repeat(1024 * 1024) } },
    {
      code: 'unsupported_media',
      method: 'POST',
      target: '/provision',
      body: 'image_id=x',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
    { code: 'not_found', target: '/no-such-path' },
    { code: 'method_not_allowed', method: 'PUT', target: '/provision' },
  ];
}

/** Sends a request of the table by REST and, if possible, by MCP. Both fail as the table of failures says. */
export async function expectFailure(client: RestClient, request: FailingRequest): Promise<Problem> {
  const { code, id = '', method = 'GET', target = '', body, headers, tool } = request;
  const { http, message } = failures[code];
  const answer = await client.ask(method, target, body, headers);
  expect(answer.status, answer.text).toBe(http);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  // The document has only the operations.
  if (code !== 'not_found' && code !== 'method_not_allowed') expectDocumented(answer);
  const problem = tool ? sameFailure(answer, await client.callTool(...tool)) : Problem.parse(answer.json);
  expect(problem).toMatchObject({ code, status: http, detail: message.replace('{id}', id) });
  return problem;
}

/** The problem, compared with the text of the MCP tool. */
export function sameFailure(rest: Answer, tool: ToolResult): Problem {
  const problem = Problem.parse(rest.json);
  expect(tool.isError).toBe(true);
  expect(tool.content[0]?.text.split('\n')).toEqual([
    problem.detail,
    ...(problem.reason === null ? [] : [`Reason: ${problem.reason}`]),
    `Next: ${asTools(problem.hint)}`,
    `Code: ${problem.code}`,
    `Retryable: ${problem.retryable ? 'yes' : 'no'}`,
  ]);
  return problem;
}
