import type * as z from 'zod';
import type { Changes } from './async/changes.js';
import { inTrace } from './async/trace.js';
import { audited } from './audit.js';
import type { BootReports } from './boot/boot-reports.js';
import type { Account, Call, Effect } from './call.js';
import { failureOf } from './caller-failures.js';
import type { DeprovisionService } from './deprovision/deprovision.js';
import type { DiagnoseService } from './diagnose/diagnose.js';
import { Failure, type FailureCode, type FieldIssue, invalidArgument, invalidArguments } from './failures.js';
import { withoutAbsent } from './input/absent-nulls.js';
import { unsafePart } from './input/unsafe-input.js';
import { zodMessages } from './input/zod-messages.js';
import type { ImageService } from './inventory/image-list.js';
import type { ServerService } from './inventory/server-service.js';
import { writtenFor } from './names.js';
import type { Policy } from './policy.js';
import type { Audit } from './ports.js';
import type { ProvisionService } from './provision/provision.js';
import type { RebootService } from './reboot/reboot.js';
import type { StatusService } from './status/wait-for-change.js';
import { plain } from './text/untrusted.js';

/** The services that a face needs to call the operations. */
export interface Core {
  readonly provision: ProvisionService;
  readonly status: StatusService;
  readonly deprovision: DeprovisionService;
  readonly diagnose: DiagnoseService;
  readonly reboot: RebootService;
  readonly servers: ServerService;
  readonly images: ImageService;
  readonly bootReports: BootReports;
  readonly changes: Changes;
  /** Records changes, if the operator has set an audit log. */
  readonly audit?: Audit | undefined;
  readonly policy: Policy;
  /** The caller's own account; undefined if all callers share one. */
  readonly account?: Account | undefined;
  /** Prepares a message for the user. For example, it says that the cloud is simulated. */
  say(message: string): string;
}

/** Every answer has a message for the user beside its own members. */
export interface Answer {
  readonly message: string;
  readonly failure?: { readonly hint: string } | null;
  readonly causes?: readonly { readonly hint: string }[];
  readonly [member: string]: unknown;
}

/**
 * One thing that a caller can ask for. A face that takes input from outside uses the plain `Operation`, because the
 * operation parses its input. A program that names one operation gets the types of that operation.
 */
export interface Operation<Input = unknown, Output extends Answer = Answer> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly effect: Effect;
  /** Whether a repeated call has no further effect. */
  readonly idempotent: boolean;
  /** The REST route. `{name}` is a path parameter. */
  readonly route: { readonly method: 'GET' | 'POST' | 'DELETE'; readonly path: string; readonly status: number };
  readonly input: z.ZodType;
  readonly output: z.ZodType;
  /** Its own failures; `commonFailures` come on top. */
  readonly failures: readonly FailureCode[];
  /** An input that works on the simulator. The examples of the table work one after the other, in its order. */
  readonly example: Readonly<Record<string, unknown>>;
  /**
   * Parses the input, runs the operation and answers its output.
   * @throws Failure for every error; the signal's reason if the signal was aborted
   */
  call(core: Core, input: Input, call: Call): Promise<Output>;
  /**
   * The question to the user before the operation is called; null if there is nothing to ask. Changes nothing.
   * @throws as `call` does, if the operation would be refused
   */
  readonly consent?: ((core: Core, input: unknown, call: Call) => Promise<string | null>) | undefined;
}

/** The failures that every call can have. */
export const commonFailures: readonly FailureCode[] = [
  'invalid_request',
  'ironic_unavailable',
  'ironic_too_old',
  'overloaded',
  'internal',
];

interface Definition<Input, Parsed, Output extends Answer>
  extends Omit<Operation, 'call' | 'consent' | 'input' | 'output'> {
  readonly input: z.ZodType<Parsed, Input>;
  readonly output: z.ZodType<Output>;
  run(core: Core, input: Parsed, call: Call): Promise<NoInfer<Output>>;
  consent?(core: Core, input: Parsed, call: Call): Promise<string | null>;
}

/** Makes an operation, with the types of its schemas. */
export function operation<Input, Parsed, Output extends Answer>(
  definition: Definition<Input, Parsed, Output>,
): Operation<Input, Output> {
  const { run, consent, failures, ...rest } = definition;
  const changes = definition.effect !== 'read';

  /** Parses the input and acts on it. Every error becomes a failure in the words of the caller's face. */
  async function parsing<Result>({ policy, account }: Core, asked: Asked, act: (input: Parsed) => Promise<Result>) {
    const { input, call } = asked;
    try {
      policy.admit(definition.effect);
      const unsound = unsafePart(input);
      if (unsound) throw invalidArgument(plain(unsound.field, 120), unsound.message);
      const parsed = definition.input.safeParse(withoutAbsent(definition.input, input ?? {}), { error: zodMessages });
      if (!parsed.success) throw invalidArguments(issuesIn(parsed.error));
      return await inTrace(call.traceparent, () => act(parsed.data));
    } catch (error) {
      if (error instanceof Failure) throw failureOf(error, account).writtenFor(call.caller.face);
      throw call.signal.aborted ? error : new Failure('internal', { cause: error });
    }
  }

  return {
    ...rest,
    failures: changes ? [...failures, 'audit_unavailable'] : failures,
    call: (core, raw, call) =>
      parsing(core, { input: raw, call }, (input) => {
        const { audit, account } = core;
        const write = (text: string) => core.say(writtenFor(call.caller.face, text));
        const ran = async () => {
          const answer = await run(core, input, reporting(write, call));
          return { ...answer, message: write(answer.message), ...explained(answer, call) };
        };
        if (!changes || !audit) return ran();
        // A change counts as under way until its end is recorded.
        return core.changes.run(() => audited({ audit, operation: definition, input, account, call }, ran));
      }),
    consent:
      consent && ((core, raw, call) => parsing(core, { input: raw, call }, (input) => consent(core, input, call))),
  };
}

interface Asked {
  readonly input: unknown;
  readonly call: Call;
}

/** The same call, with its progress prepared for the user. */
function reporting(write: (text: string) => string, { report, ...call }: Call): Call {
  return { ...call, report: report && (({ percent, words }) => report({ percent, words: write(words) })) };
}

/** The failure or the causes inside an answer, in the words of the caller's face. */
function explained({ failure, causes }: Answer, { caller }: Call): Pick<Answer, 'failure' | 'causes'> {
  const written = <Hinting extends { readonly hint: string }>(one: Hinting): Hinting => {
    return { ...one, hint: writtenFor(caller.face, one.hint) };
  };
  return { ...(failure && { failure: written(failure) }), ...(causes && { causes: causes.map(written) }) };
}

/** The mistakes in an input, field by field. Never quotes a value, because it may be a secret. */
function issuesIn(error: z.ZodError): readonly FieldIssue[] {
  return error.issues.slice(0, 8).map(({ path, message }) => ({
    field: plain(path.map(String).join('.'), 120),
    message: plain(message, 600),
  }));
}
