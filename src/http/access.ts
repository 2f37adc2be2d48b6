/** One line of the access log. It leaves out the query, and all headers except the request's id and trace. */
export interface Access {
  readonly time: string;
  readonly request_id: string;
  /** The caller's trace (W3C Trace Context). */
  readonly traceparent?: string;
  readonly client?: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly duration_ms: number;
}

/** The caller's id of the request if it is safe to repeat, otherwise a new id. */
export function requestIdOf(headers: Headers): string {
  const id = headers.get('x-request-id');
  return id !== null && /^[\w.:/+=-]{1,128}$/.test(id) ? id : crypto.randomUUID();
}
