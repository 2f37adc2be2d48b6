import type * as z from 'zod';
import type { Changes } from './async/changes.js';
import { audited } from './audit.js';
import type { Call, Effect } from './call.js';
import type { DeprovisionService } from './deprovision/deprovision.js';
import { Failure, type FailureCode, type FieldIssue, invalidArgument, invalidArguments } from './failures.js';
import { unsafePart } from './input/unsafe-input.js';
import { zodMessages } from './input/zod-messages.js';
import type { ImageService } from './inventory/image-list.js';
import type { ServerService } from './inventory/server-service.js';
import { writtenFor } from './names.js';
import type { Policy } from './policy.js';
import type { Audit } from './ports.js';
import type { ProvisionService } from './provision/provision.js';
import type { StatusService } from './status/wait-for-change.js';
import { plain } from './text/untrusted.js';

/** The provisioning library, put together: what a face needs to call the operations. */
export interface Core {
  readonly provision: ProvisionService;
  readonly status: StatusService;
  readonly deprovision: DeprovisionService;
  readonly servers: ServerService;
  readonly images: ImageService;
  readonly changes: Changes;
  /** Where changes are recorded, if anywhere. */
  readonly audit?: Audit | undefined;
  readonly policy: Policy;
  /** Prepares a message for the user: says, for example, that all of this is simulated. */
  say(message: string): string;
}

/** What every operation answers: a message for the user beside its own members. */
export interface Answer {
  readonly message: string;
  readonly failure?: { readonly hint: string } | null;
  readonly [member: string]: unknown;
}

/**
 * One thing that a caller can ask for. A face that takes any input from outside uses the plain `Operation`, because each
 * operation parses its input. A program that names one operation gets that operation's own types.
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
  /** How it can fail, beside the ways in which every call can: see `commonFailures`. */
  readonly failures: readonly FailureCode[];
  /** An input that works on the simulator; those of the table one after the other, in its order. */
  readonly example: Readonly<Record<string, unknown>>;
  /**
   * Parses the input, runs the operation and answers its output.
   * @throws Failure always, whatever went wrong; but the signal's reason when that was aborted
   */
  call(core: Core, input: Input, call: Call): Promise<Output>;
  /**
   * What the user must agree to before the operation is called, as a question; null if that is nothing. Changes nothing.
   * @throws as `call` does, whatever speaks against the operation
   */
  readonly consent?: ((core: Core, input: unknown, call: Call) => Promise<string | null>) | undefined;
}

/** How every call can fail, whatever it asks for. */
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

  /** Parses the input and does something with it, of which only failures come out, in the words of the caller's face. */
  async function parsing<Result>({ policy }: Core, asked: Asked, act: (input: Parsed) => Promise<Result>) {
    const { input, call } = asked;
    try {
      policy.admit(definition.effect);
      const unsound = unsafePart(input);
      if (unsound) throw invalidArgument(plain(unsound.field, 120), unsound.message);
      const parsed = definition.input.safeParse(input ?? {}, { error: zodMessages });
      if (!parsed.success) throw invalidArguments(issuesIn(parsed.error));
      return await act(parsed.data);
    } catch (error) {
      if (error instanceof Failure) throw error.writtenFor(call.caller.face);
      throw call.signal.aborted ? error : new Failure('internal', { cause: error });
    }
  }

  return {
    ...rest,
    failures: changes ? [...failures, 'audit_unavailable'] : failures,
    call: (core, raw, call) =>
      parsing(core, { input: raw, call }, (input) => {
        const { audit } = core;
        const write = (text: string) => core.say(writtenFor(call.caller.face, text));
        const ran = async () => {
          const answer = await run(core, input, reporting(write, call));
          return { ...answer, message: write(answer.message), ...explained(answer.failure, call) };
        };
        if (!changes || !audit) return ran();
        // Whoever waits for the changes to end waits for the record of their end too.
        return core.changes.run(() => audited({ audit, operation: definition, input, call }, ran));
      }),
    consent:
      consent && ((core, raw, call) => parsing(core, { input: raw, call }, (input) => consent(core, input, call))),
  };
}

interface Asked {
  readonly input: unknown;
  readonly call: Call;
}

/** The same call, which prepares its progress for the user as well. */
function reporting(write: (text: string) => string, { report, ...call }: Call): Call {
  return { ...call, report: report && (({ percent, words }) => report({ percent, words: write(words) })) };
}

/** Why the deployment that an answer is about has failed, for the readers of the caller's face. */
function explained(failure: Answer['failure'], { caller }: Call): Pick<Answer, 'failure'> {
  return failure ? { failure: { ...failure, hint: writtenFor(caller.face, failure.hint) } } : {};
}

/** What is wrong with an input, field by field. Never quotes a value: it may be a secret. */
function issuesIn(error: z.ZodError): readonly FieldIssue[] {
  return error.issues.slice(0, 8).map(({ path, message }) => ({
    field: plain(path.map(String).join('.'), 120),
    message: plain(message, 600),
  }));
}
