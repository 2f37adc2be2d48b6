import type * as z from 'zod';
import type { Changes } from './async/changes.js';
import { audited } from './audit.js';
import type { Call, Consent, Effect } from './call.js';
import type { DeprovisionService } from './deprovision/deprovision.js';
import { Failure, type FailureCode, type FieldIssue, invalidArgument, invalidArguments } from './failures.js';
import { unsafePart } from './input/unsafe-input.js';
import { zodMessages } from './input/zod-messages.js';
import type { ImageService } from './inventory/image-list.js';
import type { ServerService } from './inventory/server-service.js';
import type { Policy } from './policy.js';
import type { Audit } from './ports.js';
import type { ProvisionService } from './provision/provision.js';
import { plain } from './text/untrusted.js';

/** The provisioning library, put together: what a face needs to call the operations. */
export interface Core {
  readonly provision: ProvisionService;
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

/** One thing that can be asked of this software, in the form that every face can use. */
export interface Operation {
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
  call(core: Core, input: unknown, call: Call): Promise<Record<string, unknown>>;
  /**
   * What the user must agree to before the operation is called; undefined if that is nothing. Changes nothing.
   * @throws as `call` does, whatever speaks against the operation
   */
  readonly consent?: ((core: Core, input: unknown, call: Call) => Promise<Consent | undefined>) | undefined;
}

/** How every call can fail, whatever it asks for. */
export const commonFailures: readonly FailureCode[] = [
  'invalid_request',
  'ironic_unavailable',
  'ironic_too_old',
  'overloaded',
  'internal',
];

interface Definition<Input extends z.ZodType, Output extends z.ZodType<Record<string, unknown>>>
  extends Omit<Operation, 'call' | 'consent' | 'input' | 'output'> {
  readonly input: Input;
  readonly output: Output;
  run(core: Core, input: z.output<Input>, call: Call): Promise<z.output<Output>>;
  consent?(core: Core, input: z.output<Input>, call: Call): Promise<Consent | undefined>;
}

/** Closes over the types of one operation, so that no face needs them. */
export function operation<Input extends z.ZodType, Output extends z.ZodType<Record<string, unknown>>>(
  definition: Definition<Input, Output>,
): Operation {
  const { run, consent, failures, ...rest } = definition;
  const changes = definition.effect !== 'read';

  /** Parses the input and does something with it, of which only failures come out. */
  async function parsing<Result>(
    core: Core,
    raw: unknown,
    call: Call,
    act: (input: z.output<Input>) => Promise<Result>,
  ) {
    core.policy.admit(definition.effect);
    const unsound = unsafePart(raw);
    if (unsound) throw invalidArgument(plain(unsound.field, 120), unsound.message);
    const parsed = definition.input.safeParse(raw ?? {}, { error: zodMessages });
    if (!parsed.success) throw invalidArguments(issuesIn(parsed.error));
    core.policy.admitArguments(Object(parsed.data));
    try {
      return await act(parsed.data);
    } catch (error) {
      if (call.signal.aborted || error instanceof Failure) throw error;
      throw new Failure('internal', { cause: error });
    }
  }

  return {
    ...rest,
    failures: changes ? [...failures, 'audit_unavailable'] : failures,
    call: (core, raw, call) =>
      parsing(core, raw, call, (input) => {
        const { audit } = core;
        const ran = () => run(core, input, call);
        if (!changes || !audit) return ran();
        // Whoever waits for the changes to end waits for the record of their end too.
        return core.changes.run(() => audited(audit, definition, input, call, ran));
      }),
    consent: consent && ((core, raw, call) => parsing(core, raw, call, (input) => consent(core, input, call))),
  };
}

/** What is wrong with an input, field by field. Never quotes a value: it may be a secret. */
function issuesIn(error: z.ZodError): readonly FieldIssue[] {
  return error.issues.slice(0, 8).map(({ path, message }) => ({
    field: plain(path.map(String).join('.'), 120),
    message: plain(message, 600),
  }));
}
