/** One line of the access log. Paths come without their query, and no header but those of the trace is in it. */
export interface Access {
  readonly time: string;
  readonly request_id: string;
  /** The trace that the caller is in, by W3C Trace Context. */
  readonly traceparent?: string;
  readonly client?: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly duration_ms: number;
}

/** The caller's id of the request, if it is fit to be repeated, else one of ours. */
export function requestIdOf(headers: Headers): string {
  const id = headers.get('x-request-id');
  return id !== null && /^[\w.:/+=-]{1,128}$/.test(id) ? id : crypto.randomUUID();
}
