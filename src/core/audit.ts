import { randomUUID } from 'node:crypto';
import type * as z from 'zod';
import type { Account, Call } from './call.js';
import { failureOf } from './caller-failures.js';
import { Failure } from './failures.js';
import { redacted } from './input/redaction.js';
import type { Audit, AuditRecord } from './ports.js';
import { plain } from './text/untrusted.js';

interface Audited {
  readonly audit: Audit;
  readonly operation: { readonly name: string; readonly input: z.ZodType };
  /** The parsed arguments. Those that may be secret are not recorded. */
  readonly input: unknown;
  readonly call: Call;
  /** Recorded if it is the caller's own. */
  readonly account?: Account | undefined;
}

/**
 * Makes a change, with one record before it and one after it.
 *
 * @throws Failure `audit_unavailable` if the first record cannot be written; then nothing was changed
 */
export async function audited<Output extends Readonly<Record<string, unknown>>>(
  { audit, operation, input, account, call: { caller, traceparent, signal } }: Audited,
  change: () => Promise<Output>,
): Promise<Output> {
  const record: AuditRecord = {
    id: randomUUID(),
    face: caller.face,
    ...account,
    client: caller.name === undefined ? null : plain(caller.name, 200),
    client_version: caller.version === undefined ? null : plain(caller.version, 80),
    operation: operation.name,
    arguments: redacted(operation.input, input),
    traceparent: traceparent ?? null,
  };
  await audit.begin(record).catch((error) => {
    throw new Failure('audit_unavailable', {
      reason: error instanceof Error ? error.message : String(error),
      cause: error,
    });
  });
  const begun = performance.now();
  const end = (ending: Ending) =>
    audit.end({ ...record, ...ending, duration_ms: Math.round(performance.now() - begun) });
  try {
    const output = await change();
    await end(endingBy(output));
    return output;
  } catch (error) {
    // What the caller is told.
    await end(endingWith(error instanceof Failure ? failureOf(error, account) : error, signal));
    throw error;
  }
}

interface Ending {
  /** `ok`, the code of a failure, or `cancelled` if the caller left before anything was changed. */
  readonly outcome: string;
  /** What a successful answer said. */
  readonly status: string | null;
  readonly operation_id: string | null;
  readonly deployment_id: string | null;
}

function endingBy({ status, operation_id, server_id, deployment_id }: Readonly<Record<string, unknown>>): Ending {
  return {
    outcome: 'ok',
    status: textOrNull(status),
    operation_id: textOrNull(operation_id ?? server_id),
    deployment_id: textOrNull(deployment_id),
  };
}

function endingWith(error: unknown, signal: AbortSignal): Ending {
  const { operationId = null, deploymentId = null } = (error instanceof Failure && error.deployment) || {};
  const outcome = error instanceof Failure ? error.code : signal.aborted ? 'cancelled' : 'internal';
  return { outcome, status: null, operation_id: operationId, deployment_id: deploymentId };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
