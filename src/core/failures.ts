import { type Face, op, writtenFor } from './names.js';
import { plain } from './text/untrusted.js';

/** One row of the table of failures. `{id}` in the message is the server or image that the call names. */
interface FailureKind {
  readonly http: number;
  readonly message: string;
  /** When it happens, for the reference. */
  readonly when: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** What to do next, with operations by their keys: see `writtenFor`. Never contains text that came from Ironic. */
  readonly hint: string;
}

const ironicFailed = 'Failed to communicate with Ironic';

const table = {
  server_not_found: {
    http: 404,
    message: 'Server {id} not found',
    when: 'Ironic shows this account no server with that id or name.',
    retryable: false,
    hint: `Call ${op('servers')} to see the ids and names. If the server exists, this account may lack the right to see it.`,
  },
  server_not_available: {
    http: 409,
    message: 'Server {id} is not available for provisioning',
    when: 'Ironic cannot deploy the server now, for example because it is deployed, reserved, locked, in maintenance or retired, or the server does not meet the request. The reason says which.',
    retryable: false,
    hint: 'Name another server, or leave out server_id to deploy on any free one.',
  },
  no_available_servers: {
    http: 404,
    message: 'No available servers matching criteria',
    when: 'No free server meets the request.',
    retryable: true,
    hint: 'Call again with fewer conditions or another resource_class, or when a server is free.',
  },
  image_not_found: {
    http: 400,
    message: 'Image {id} not found',
    when: 'Neither the image service nor the catalogue has that image, and it is not a URL that can be used here.',
    retryable: false,
    hint: `Call ${op('images')} to see the images, then pass an id or an exact name.`,
  },
  image_not_deployable: {
    http: 400,
    message: 'Image {id} cannot be deployed',
    when: 'The image is not active, lacks a checksum that the server needs, does not fit the disk, or is built for another architecture.',
    retryable: false,
    hint: `Call ${op('images')} to choose another image, or ask the operator to repair this one.`,
  },
  ironic_unavailable: {
    http: 502,
    message: ironicFailed,
    when: 'Ironic, Keystone or the image service does not answer in time, or answers with an error or something unreadable. Or it refuses the sign-in, or the account lacks a right that the call needs.',
    retryable: true,
    hint: 'Nothing was changed. Try again in a minute. If it fails again, ask the operator to run "ironic-mcp check".',
  },
  outcome_unknown: {
    http: 502,
    message: ironicFailed,
    when: 'Ironic did not answer a change, and reading the server again did not show whether the change was made. The reason names the operation id.',
    retryable: false,
    hint: `The deployment may have started. Call ${op('status')} with the operation id before you provision again.`,
  },
  ironic_too_old: {
    http: 502,
    message: 'This Ironic is too old for the request',
    when: 'The request needs a newer API version than this Ironic has. Every request needs 1.59.',
    retryable: false,
    hint: 'Ask the operator to upgrade Ironic, or leave out the argument that needs the newer version.',
  },
  deploy_refused: {
    http: 409,
    message: 'Ironic refused to deploy server {id}',
    when: 'Ironic refuses the data or does not let this account deploy the server. For example: the driver is not set up, a network is missing, the config drive is wrong.',
    retryable: false,
    hint: 'Change the image or config drive if the reason names it, or choose another server. Only the operator can repair the set-up of this one.',
  },
  deprovision_refused: {
    http: 409,
    message: 'Server {id} cannot be deprovisioned now',
    retryable: false,
    hint: 'Leave the server as it is, or ask the operator to remove the obstacle that the reason names.',
    when: 'The server is protected, locked, in maintenance, about to be deployed, or in a state from which Ironic does not undeploy.',
  },
  reboot_refused: {
    http: 409,
    message: 'Server {id} cannot be rebooted now',
    retryable: false,
    hint: `Call ${op('diagnose')} to see how the server stands, and leave it as it is.`,
    when: 'The server does not run a finished deployment, is switched off, locked or in maintenance, or its power is being changed already.',
  },
  operation_not_found: {
    http: 404,
    message: 'Server {id} has no provisioning operation',
    when: 'The server carries no deployment, or not the deployment that the call names.',
    retryable: false,
    hint: `Pass the operation_id from the answer of ${op('provision')}. If you did, that deployment is gone: call ${op('servers')} to see the servers as they are now.`,
  },
  invalid_request: {
    http: 422,
    message: 'Invalid request',
    when: 'An argument is missing, unknown or malformed. Nothing was changed.',
    retryable: false,
    hint: 'Fix the arguments that the reason names, then call again.',
  },
  idempotency_conflict: {
    http: 409,
    message: 'Idempotency key was already used for a different request',
    when: 'The first call with this key had other arguments.',
    retryable: false,
    hint: 'Use a new idempotency_key for a new request, or repeat the first request unchanged.',
  },
  not_confirmed: {
    http: 409,
    message: 'Not confirmed',
    when: 'The call destroys data, and the user has not confirmed it.',
    retryable: false,
    hint: 'Ask the user, then call again with confirm_server_name.',
  },
  not_permitted: {
    http: 403,
    message: "Not permitted by this server's policy",
    when: 'A setting of the operator forbids the call, or the Host or Origin header of an HTTP request is not allowed. The reason names the rule.',
    retryable: false,
    hint: 'Only the operator of this MCP server can change its policy.',
  },
  overloaded: {
    http: 503,
    message: 'Too many requests in progress',
    when: "More calls are running, or more callers are signed in, than this MCP server allows at once; too many sign-ins from the caller's address have failed; or the server is about to stop.",
    retryable: true,
    hint: 'Try again in a few seconds.',
  },
  audit_unavailable: {
    http: 503,
    message: 'The audit log cannot be written',
    when: 'The file of the audit log cannot be written. No change is made without its line in the log.',
    retryable: true,
    hint: 'Nothing was changed. Ask the operator to make the audit log writable.',
  },
  unauthorized: {
    http: 401,
    message: 'Unauthorized',
    when: "Over HTTP: the request has no token or a wrong one, or Keystone refuses the caller's own application credential.",
    retryable: false,
    hint: 'Send what this MCP server asks for in the header Authorization: its token, which the operator has, or your own application credential.',
  },
  forbidden: {
    http: 403,
    message: 'Forbidden',
    when: "Over HTTP with callers' own application credentials: Ironic, Glance or Neutron denies the caller a right that the call needs.",
    retryable: false,
    hint: 'Use an application credential that has the right, or ask the administrator of the cloud for it.',
  },
  malformed: {
    http: 400,
    message: 'Malformed request',
    when: 'Over HTTP: the body is not JSON, or the path is ambiguous.',
    retryable: false,
    hint: 'See /docs for an example of each request.',
  },
  not_found: {
    http: 404,
    message: 'Not found',
    when: 'Over HTTP: this path does not exist.',
    retryable: false,
    hint: 'See /docs for the paths.',
  },
  method_not_allowed: {
    http: 405,
    message: 'Method not allowed',
    when: 'Over HTTP: the path exists, but not for this method.',
    retryable: false,
    hint: 'Use a method from the Allow header.',
  },
  too_large: {
    http: 413,
    message: 'Request too large',
    when: 'Over HTTP: the body is larger than 1 MiB.',
    retryable: false,
    hint: 'Send less. Let the system fetch large data when it first boots.',
  },
  unsupported_media: {
    http: 415,
    message: 'Unsupported media type',
    when: 'Over HTTP: the Content-Type of the body is not JSON.',
    retryable: false,
    hint: 'Send JSON with the header "Content-Type: application/json".',
  },
  internal: {
    http: 500,
    message: 'Internal error',
    when: 'ironic-mcp has a bug. It writes the details to its standard error, not into the answer.',
    retryable: false,
    hint: 'Please report this bug of ironic-mcp, with the details from its standard error.',
  },
} satisfies Record<string, FailureKind>;

/** The code by which programs tell failures apart. */
export type FailureCode = keyof typeof table;

/** The table of failures. The faces and the documents are made from it. */
export const failures: Readonly<Record<FailureCode, FailureKind>> = table;

/** One mistake in an input. */
export interface FieldIssue {
  /** The argument, as a path with dots; empty for the input as a whole. */
  readonly field: string;
  /** The mistake. Never quotes the value. */
  readonly message: string;
}

/** The failure for one wrong argument. */
export function invalidArgument(field: string, message: string): Failure {
  return invalidArguments([{ field, message }]);
}

/** The failure for several wrong arguments. */
export function invalidArguments(fields: readonly FieldIssue[]): Failure {
  const reason = fields.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; ');
  return new Failure('invalid_request', { reason, fields });
}

/** The details of one failure. */
export interface FailureDetails {
  /** The server or image for `{id}` in the message, as the caller wrote it, without credentials. */
  readonly id?: string;
  /** The cause. It may quote text from Ironic, bounded by `quoted`. */
  readonly reason?: string;
  /** The reason, argument by argument, if that is known. */
  readonly fields?: readonly FieldIssue[];
  /** Replaces the hint of the row. */
  readonly hint?: string;
  readonly retryable?: boolean;
  /** Seconds after which another try is worthwhile, if the usual ones of the code would be wrong. */
  readonly retryAfter?: number;
  /** The deployment that may exist although the call failed. */
  readonly deployment?: StartedDeployment;
  readonly cause?: unknown;
}

/** The ids by which a deployment is found again. */
export interface StartedDeployment {
  readonly operationId: string;
  readonly deploymentId: string;
}

/** The only error that a face shows to its caller. Any other error becomes `internal`. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  /** The server or image that failed; empty if none. */
  readonly id: string;
  readonly reason: string | null;
  readonly fields: readonly FieldIssue[];
  readonly retryable: boolean;
  readonly retryAfter: number | undefined;
  readonly deployment: StartedDeployment | null;
  readonly http: number;
  /** What to do next, with the operation names of the face. */
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
    this.retryAfter = details.retryAfter;
    this.deployment = details.deployment ?? null;
    this.http = kind.http;
  }

  /** The same failure in the words of a face. */
  writtenFor(face: Face): Failure {
    return new Failure(this.code, this.#details, face);
  }
}

/** The reason of a failure, or its message if it has none. */
export function reasonOf({ reason, message }: Failure): string {
  return reason ?? message;
}
