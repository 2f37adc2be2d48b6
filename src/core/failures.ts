/** One row of the table of failures. `{id}` in the message is the server or image that was asked for. */
interface FailureKind {
  readonly http: number;
  readonly message: string;
  /** Whether the same call may succeed later without any change to it. */
  readonly retryable: boolean;
  /** What to do next. Never contains text that came from Ironic. */
  readonly hint: string;
}

const ironicFailed = 'Failed to communicate with Ironic';

const table = {
  server_not_found: {
    http: 404,
    message: 'Server {id} not found',
    retryable: false,
    hint: 'Check the id or name. Without server_id a free server is chosen by resource_class.',
  },
  server_not_available: {
    http: 409,
    message: 'Server {id} is not available for provisioning',
    retryable: false,
    hint: 'Choose another server, or leave out server_id to have a free one chosen.',
  },
  no_available_servers: {
    http: 404,
    message: 'No available servers matching criteria',
    retryable: true,
    hint: 'Try another resource_class, or try again when servers have been released.',
  },
  image_not_found: {
    http: 400,
    message: 'Image {id} not found',
    retryable: false,
    hint: 'Give the id or the exact name of an image that exists.',
  },
  image_not_deployable: {
    http: 400,
    message: 'Image {id} cannot be deployed',
    retryable: false,
    hint: 'Choose another image, or have the operator mend this one.',
  },
  ironic_unavailable: {
    http: 502,
    message: ironicFailed,
    retryable: true,
    hint: 'Nothing was changed. Try again in a minute; if it persists, the operator should look at Ironic and the settings.',
  },
  outcome_unknown: {
    http: 502,
    message: ironicFailed,
    retryable: false,
    hint: 'The deployment may have started. Do not provision again before check_provision_status has told how the operation id stands.',
  },
  ironic_too_old: {
    http: 502,
    message: 'This Ironic is too old for the request',
    retryable: false,
    hint: 'Have Ironic upgraded, or leave out what needs the newer version.',
  },
  deploy_refused: {
    http: 409,
    message: 'Ironic refused to deploy server {id}',
    retryable: false,
    hint: 'Correct what the reason names (image, config drive, or the set-up of the server), or choose another server.',
  },
  operation_not_found: {
    http: 404,
    message: 'Server {id} has no provisioning operation',
    retryable: false,
    hint: 'Use the operation_id that provision_server answered with.',
  },
  invalid_request: {
    http: 422,
    message: 'Invalid request',
    retryable: false,
    hint: 'Correct the arguments that the reason names and call again.',
  },
  idempotency_conflict: {
    http: 409,
    message: 'Idempotency key was already used for a different request',
    retryable: false,
    hint: 'Use a new idempotency_key for a new request, or repeat the first request unchanged.',
  },
  not_confirmed: {
    http: 409,
    message: 'Not confirmed',
    retryable: false,
    hint: 'Ask the user, and call again with the confirmation.',
  },
  not_permitted: {
    http: 403,
    message: "Not permitted by this server's policy",
    retryable: false,
    hint: 'Only the operator of this MCP server can change its policy.',
  },
  overloaded: {
    http: 503,
    message: 'Too many requests in progress',
    retryable: true,
    hint: 'Try again in a few seconds.',
  },
  audit_unavailable: {
    http: 503,
    message: 'The audit log cannot be written',
    retryable: true,
    hint: 'Nothing was changed. The operator must make the audit log writable.',
  },
  unauthorized: {
    http: 401,
    message: 'Unauthorized',
    retryable: false,
    hint: 'Send the token of this server in the header "Authorization: Bearer …"; its operator has it.',
  },
  malformed: {
    http: 400,
    message: 'Malformed request',
    retryable: false,
    hint: 'Correct what the reason names; /docs shows a request of each kind.',
  },
  not_found: {
    http: 404,
    message: 'Not found',
    retryable: false,
    hint: 'See /docs for the paths there are.',
  },
  method_not_allowed: {
    http: 405,
    message: 'Method not allowed',
    retryable: false,
    hint: 'Use a method that the header Allow names.',
  },
  too_large: {
    http: 413,
    message: 'Request too large',
    retryable: false,
    hint: 'Send less; have large data fetched by the system when it first boots.',
  },
  unsupported_media: {
    http: 415,
    message: 'Unsupported media type',
    retryable: false,
    hint: 'Send JSON, with the header "Content-Type: application/json".',
  },
  internal: {
    http: 500,
    message: 'Internal error',
    retryable: false,
    hint: 'This is a defect of ironic-mcp; please report it.',
  },
} as const satisfies Record<string, FailureKind>;

/** A code by which programs can tell failures apart. */
export type FailureCode = keyof typeof table;

/** The table of failures, for documents and faces made from it. */
export const failures: Readonly<Record<FailureCode, FailureKind>> = table;

/** One thing that is wrong with an input. */
export interface FieldIssue {
  /** The argument, as a path with dots; empty when it is about the input as a whole. */
  readonly field: string;
  /** What is wrong with it. Never quotes its value. */
  readonly message: string;
}

/** What is wrong with one argument. */
export function invalidArgument(field: string, message: string): Failure {
  return invalidArguments([{ field, message }]);
}

/** What is wrong with several. */
export function invalidArguments(fields: readonly FieldIssue[]): Failure {
  const reason = fields.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; ');
  return new Failure('invalid_request', { reason, fields });
}

/** What is particular about one failure. */
export interface FailureDetails {
  /** The server or image that `{id}` in the message stands for, as the caller wrote it. */
  readonly id?: string;
  /** What exactly went wrong; may quote text from Ironic, bounded by `quote`. */
  readonly reason?: string;
  /** The same as the reason, argument by argument, where that is known. */
  readonly fields?: readonly FieldIssue[];
  /** Instead of the row's own hint. */
  readonly hint?: string;
  readonly retryable?: boolean;
  /** The deployment that may be there although the call failed. */
  readonly deployment?: StartedDeployment;
  readonly cause?: unknown;
}

/** How a deployment is found again. */
export interface StartedDeployment {
  readonly operationId: string;
  readonly deploymentId: string;
}

/** The one kind of error that a face shows to its caller. Everything else is `internal`. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  /** The server or image it is about; empty if none. */
  readonly id: string;
  readonly reason: string | null;
  readonly fields: readonly FieldIssue[];
  readonly hint: string;
  readonly retryable: boolean;
  readonly deployment: StartedDeployment | null;
  readonly http: number;

  constructor(code: FailureCode, details: FailureDetails = {}) {
    const kind: FailureKind = table[code];
    const id = details.id ?? '';
    super(
      kind.message.replace('{id}', () => id),
      { cause: details.cause },
    );
    this.code = code;
    this.id = id;
    this.reason = details.reason ?? null;
    this.fields = details.fields ?? [];
    this.hint = details.hint ?? kind.hint;
    this.retryable = details.retryable ?? kind.retryable;
    this.deployment = details.deployment ?? null;
    this.http = kind.http;
  }
}
