import { expect } from 'vitest';
import { ProvisionResponse, ProvisionStatus } from '../../src/core/requests.js';
import type { McpSession, ToolAnswer } from './mcp-session.js';

/** The data of a successful answer. The answer has it twice: as structured content and as text. */
export function dataIn(answer: ToolAnswer): Readonly<Record<string, unknown>> {
  expect(answer.isError, answer.text).toBe(false);
  expect(answer.data).toEqual(JSON.parse(answer.text));
  return answer.data ?? {};
}

export async function provision(session: McpSession, input: object): Promise<ProvisionResponse> {
  return ProvisionResponse.parse(dataIn(await session.callTool('provision_server', input)));
}

export async function check(session: McpSession, input: object): Promise<ProvisionStatus> {
  return ProvisionStatus.parse(dataIn(await session.callTool('check_provision_status', input)));
}

/** Calls `check_provision_status` until the deployment has ended. */
export async function finished(session: McpSession, { operation_id, deployment_id }: ProvisionResponse) {
  for (;;) {
    const status = await check(session, { operation_id, deployment_id });
    if (status.status !== 'in_progress') return status;
  }
}

/** The lines of a failed answer. A failure is only text, because structured content beside it makes v1 clients throw. */
export function failureIn(answer: ToolAnswer): readonly string[] {
  expect(answer.isError, answer.text).toBe(true);
  expect(answer.data).toBeUndefined();
  return answer.text.split('\n');
}
