import { writeFile } from 'node:fs/promises';
import type { ProvisionStatus } from '../../src/core/requests.js';
import type { McpSession } from '../support/mcp-session.js';
import { report, saidByIronic } from './machine.js';

/** A deployment as its client sees it: every answer, and every progress notification, by the seconds since its start. */
export interface Followed {
  readonly answers: readonly { readonly seconds: number; readonly answer: ProvisionStatus }[];
  readonly notifications: readonly { readonly seconds: number; readonly percent: number; readonly message?: string }[];
}

/** Deploys as an agent does: one call to start, then calls that wait, until it is over. */
export async function deploy(session: McpSession, input: object): Promise<Followed & { last: ProvisionStatus }> {
  const begun = Date.now();
  const seconds = () => Math.round((Date.now() - begun) / 100) / 10;
  const { data: started, text } = await session.callTool('provision_server', input);
  if (started === undefined) throw new Error(text);
  const answers: { seconds: number; answer: ProvisionStatus }[] = [];
  const notifications: { seconds: number; percent: number; message?: string }[] = [];
  for (;;) {
    const { data, text } = await session.callTool(
      'check_provision_status',
      { operation_id: started.operation_id, wait_seconds: 50 },
      {
        timeout: 120_000,
        onprogress: ({ progress, message }) =>
          notifications.push({ seconds: seconds(), percent: progress, ...(message === undefined ? {} : { message }) }),
      },
    );
    if (data === undefined) throw new Error(text);
    const answer = data as ProvisionStatus;
    answers.push({ seconds: seconds(), answer });
    if (answer.status !== 'in_progress') return { answers, notifications, last: answer };
  }
}

/** Keeps the recording where `RECORDING` says, in the form of tools/pictures/deployment-graph.ts. */
export async function keep(ironic: string, { answers, notifications }: Followed, login_seconds: number): Promise<void> {
  const { RECORDING } = process.env;
  const recording = { ironic, login_seconds, answers, notifications };
  if (RECORDING) await writeFile(RECORDING, `${JSON.stringify(recording, null, 2)}\n`);
}

/** The row of a failed deployment in the table of cases. */
export async function reportFailure(what: string, begun: number, { failure, message }: ProvisionStatus): Promise<void> {
  report(what, begun, await saidByIronic(), `${failure?.code} at ${failure?.step}: ${failure?.summary}`, message);
}

/** Waits until the machine reports that it has booted. */
export async function untilBooted(session: McpSession, operation_id: string): Promise<ProvisionStatus> {
  for (;;) {
    const asked = { operation_id, wait_seconds: 50, until: 'booted' };
    const { data, text } = await session.callTool('check_provision_status', asked, { timeout: 120_000 });
    if (data === undefined) throw new Error(text);
    if (data.boot !== 'waiting') return data as ProvisionStatus;
  }
}
