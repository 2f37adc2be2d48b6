import { type Face, op, writtenFor } from './names.js';
import { plain } from './text/untrusted.js';

/** One row of the table of failures. `{id}` in the message is the server or image that was asked for. */
interface FailureKind {
  readonly http: number;
  readonly message: string;
  /** When it happens, for the reference. */
  readonly when: string;
  /** Whether the same call may succeed later without any change to it. */
  readonly retryable: boolean;
  /** What to do next, with operations by their keys: see `writtenFor`. Never contains text that came from Ironic. */
  readonly hint: string;
}

const ironicFailed = 'Failed to communicate with Ironic';

const table = {
  server_not_found: {
    http: 404,
    message: 'Server {id} not found',
    when: 'No server that Ironic shows to this user has that id or name.',
    retryable: false,
    hint: `Check the id or name; ${op('servers')} shows those there are. If it exists, this user may have no rights to see it.`,
  },
  server_not_available: {
    http: 409,
    message: 'Server {id} is not available for provisioning',
    when: 'The server is in a deployment, reserved, locked, in maintenance, retired, in a state that Ironic does not deploy from, or not what was asked for; the reason says which.',
    retryable: false,
    hint: 'Choose another server, or leave out server_id to have a free one chosen.',
  },
  no_available_servers: {
    http: 404,
    message: 'No available servers matching criteria',
    when: 'No free server has what was asked for.',
    retryable: true,
    hint: 'Ask for less, or for another resource_class, or try again when servers have been released.',
  },
  image_not_found: {
    http: 400,
    message: 'Image {id} not found',
    when: 'Neither the image service nor the catalogue knows that image, and it is not a URL where one would do.',
    retryable: false,
    hint: `Give the id or the exact name of an image; ${op('images')} shows those there are.`,
  },
  image_not_deployable: {
    http: 400,
    message: 'Image {id} cannot be deployed',
    when: 'The image is not active, lacks a checksum that the server wants, does not fit the disk, or is for another architecture.',
    retryable: false,
    hint: 'Choose another image, or have the operator mend this one.',
  },
  ironic_unavailable: {
    http: 502,
    message: ironicFailed,
    when: 'Ironic, Keystone or the image service cannot be reached, did not answer in time, answered with an error or in a way that cannot be read, refused the sign-in, or does not give this account the rights that the call needs.',
    retryable: true,
    hint: 'Nothing was changed. Try again in a minute; if it persists, the operator should look at Ironic and the settings.',
  },
  outcome_unknown: {
    http: 502,
    message: ironicFailed,
    when: 'A change was sent to Ironic and no answer came back, also after looking again. The reason names the operation id.',
    retryable: false,
    hint: `The deployment may have started. Do not provision again before ${op('status')} has told how the operation id stands.`,
  },
  ironic_too_old: {
    http: 502,
    message: 'This Ironic is too old for the request',
    when: 'Ironic speaks no version of its API that the request needs; 1.59 is the least.',
    retryable: false,
    hint: 'Have Ironic upgraded, or leave out what needs the newer version.',
  },
  deploy_refused: {
    http: 409,
    message: 'Ironic refused to deploy server {id}',
    when: 'Ironic does not accept the data, or the user may not deploy that server: its driver is not set up, a network is missing, the config drive is wrong.',
    retryable: false,
    hint: 'Correct what the reason names (image, config drive, or the set-up of the server), or choose another server.',
  },
  deprovision_refused: {
    http: 409,
    message: 'Server {id} cannot be deprovisioned now',
    retryable: false,
    hint: 'Have the operator look at what the reason names, or leave the server as it is.',
    when: 'The server is in a state from which Ironic does not undeploy, protected, in maintenance, locked, or about to be deployed.',
  },
  operation_not_found: {
    http: 404,
    message: 'Server {id} has no provisioning operation',
    when: 'The server is in no deployment, or carries another deployment than the one that was asked about.',
    retryable: false,
    hint: `Use the operation_id that ${op('provision')} answered with. If this is it, that deployment is gone; ${op('servers')} shows what there is now.`,
  },
  invalid_request: {
    http: 422,
    message: 'Invalid request',
    when: 'An argument is missing, unknown, or not of its form. Nothing was looked up.',
    retryable: false,
    hint: 'Correct the arguments that the reason names and call again.',
  },
  idempotency_conflict: {
    http: 409,
    message: 'Idempotency key was already used for a different request',
    when: 'The deployment that the key stands for was asked for with other arguments.',
    retryable: false,
    hint: 'Use a new idempotency_key for a new request, or repeat the first request unchanged.',
  },
  not_confirmed: {
    http: 409,
    message: 'Not confirmed',
    when: 'The call destroys something, and the one who must agree to it has not.',
    retryable: false,
    hint: 'Ask the user, and call again with the confirmation.',
  },
  not_permitted: {
    http: 403,
    message: "Not permitted by this server's policy",
    when: "A setting of the operator forbids it, or a request over HTTP came with a Host or an Origin that is not this server's; the reason names the rule.",
    retryable: false,
    hint: 'Only the operator of this MCP server can change its policy.',
  },
  overloaded: {
    http: 503,
    message: 'Too many requests in progress',
    when: 'More calls than this server runs at the same time, or it is about to stop.',
    retryable: true,
    hint: 'Try again in a few seconds.',
  },
  audit_unavailable: {
    http: 503,
    message: 'The audit log cannot be written',
    when: 'The file of the audit log cannot be written, and no change is made without its line in it.',
    retryable: true,
    hint: 'Nothing was changed. The operator must make the audit log writable.',
  },
  unauthorized: {
    http: 401,
    message: 'Unauthorized',
    when: 'Over HTTP: the request has no token, or a wrong one.',
    retryable: false,
    hint: 'Send the token of this server in the header "Authorization: Bearer …"; its operator has it.',
  },
  malformed: {
    http: 400,
    message: 'Malformed request',
    when: 'Over HTTP: the body is not JSON, or the path is written in a way that programs read differently.',
    retryable: false,
    hint: 'Correct what the reason names; /docs shows a request of each kind.',
  },
  not_found: {
    http: 404,
    message: 'Not found',
    when: 'Over HTTP: there is no such path.',
    retryable: false,
    hint: 'See /docs for the paths there are.',
  },
  method_not_allowed: {
    http: 405,
    message: 'Method not allowed',
    when: 'Over HTTP: the path is there, but not for this method.',
    retryable: false,
    hint: 'Use a method that the header Allow names.',
  },
  too_large: {
    http: 413,
    message: 'Request too large',
    when: 'Over HTTP: the body has more than 1 MiB.',
    retryable: false,
    hint: 'Send less; have large data fetched by the system when it first boots.',
  },
  unsupported_media: {
    http: 415,
    message: 'Unsupported media type',
    when: 'Over HTTP: the body is not declared as JSON.',
    retryable: false,
    hint: 'Send JSON, with the header "Content-Type: application/json".',
  },
  internal: {
    http: 500,
    message: 'Internal error',
    when: 'A case that was not thought of. The details are on the standard error of the server, not in the answer.',
    retryable: false,
    hint: 'This is a defect of ironic-mcp; please report it.',
  },
} satisfies Record<string, FailureKind>;

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
  /** The server or image that `{id}` in the message stands for, as the caller wrote it, but without credentials. */
  readonly id?: string;
  /** What exactly went wrong; may quote text from Ironic, bounded by `quoted`. */
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
  readonly retryable: boolean;
  readonly deployment: StartedDeployment | null;
  readonly http: number;
  /** What to do next, as the readers of the face know the operations. */
  readonly hint: string;
  readonly #details: FailureDetails;

  constructor(code: FailureCode, details: FailureDetails = {}, face: Face = 'mcp') {
    const kind: FailureKind = table[code];
    const id = details.id ?? '';
    super(
      kind.message.replace('{id}', () => plain(id, 2_048)),
      { cause: details.cause },
    );
    this.code = code;
    this.id = id;
    this.reason = details.reason ?? null;
    this.fields = details.fields ?? [];
    this.hint = writtenFor(face, details.hint ?? kind.hint);
    this.#details = details;
    this.retryable = details.retryable ?? kind.retryable;
    this.deployment = details.deployment ?? null;
    this.http = kind.http;
  }

  /** The same failure for the readers of a face. */
  writtenFor(face: Face): Failure {
    return new Failure(this.code, this.#details, face);
  }
}

/** What exactly a failure was, in words. */
export function reasonOf({ reason, message }: Failure): string {
  return reason ?? message;
}
