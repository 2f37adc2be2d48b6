import type { Json } from './json.js';

/**
 * A refusal by a controller or conductor of Ironic: `{faultcode, faultstring, debuginfo}`. The answer has the version
 * headers.
 */
export class Fault extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** A conductor's refusal because of a lock. Ironic tries again before it says so. */
export class Locked extends Fault {}

/**
 * A refusal by Ironic's web framework, before a controller ran: `{code, title, description}`, without version headers
 * and without a request id.
 */
export class Abort extends Error {
  constructor(
    readonly status: keyof typeof titles,
    description = '',
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(description);
  }
}

const titles = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
} as const;

/** The answer to a failed request. Ironic encodes the error twice, as JSON text in a JSON object. */
export function errorResponse(error: Error): Response {
  if (error instanceof Abort) {
    const inner = { code: error.status, title: titles[error.status], description: error.message };
    return encoded(error.status, inner, error.headers);
  }
  const { status, headers } = error instanceof Fault ? error : { status: 500, headers: {} };
  const faultcode = status < 500 ? 'Client' : 'Server';
  return encoded(status, { faultcode, faultstring: error.message, debuginfo: null }, headers);
}

function encoded(status: number, inner: Json, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json({ error_message: JSON.stringify(inner) }, { status, headers });
}

// Refusals of more than one route.

export const notAcceptable = (message = 'Request not acceptable.') => new Fault(406, message);

export const nodeNotFound = (ident: string, status = 404) => new Fault(status, `Node ${ident} could not be found.`);

export const nodeLocked = (uuid: string, host: string, Kind: typeof Fault = Fault) =>
  new Kind(409, `Node ${uuid} is locked by host ${host}, please retry after the current operation is completed.`);

export const nodeAssociated = (uuid: string, instance: string) =>
  new Fault(409, `Node ${uuid} is associated with instance ${instance}.`);

export const instanceAssociated = (instance: string, uuid: string) =>
  new Fault(
    409,
    `Instance ${instance} is already associated with a node, it cannot be associated with this other node ${uuid}`,
  );

export const nodeProtected = (uuid: string) =>
  new Fault(403, `Node ${uuid} is protected and cannot be undeployed, rebuilt or deleted`);

export const nodeInMaintenance = (operation: string, uuid: string) =>
  new Fault(400, `The ${operation} operation can't be performed on node ${uuid} because it's in maintenance mode.`);

export const invalidStateRequested = (action: string, node: string, state: string) =>
  new Fault(
    400,
    `The requested action "${action}" can not be performed on node "${node}" while it is in state "${state}".`,
  );

export const unsupported = (driver: string, kind: string) =>
  new Fault(400, `Driver ${driver} does not support ${kind} (disabled or not implemented).`);
