/** What an operation does to the world. */
export type Effect = 'read' | 'write' | 'interrupt' | 'destroy';

/** Who calls, and through which face. The audit log records it. */
export interface Caller {
  readonly face: 'mcp' | 'rest' | 'library';
  /** The name and version that the client gave itself: untrusted. */
  readonly name?: string | undefined;
  readonly version?: string | undefined;
}

/** The progress of a deployment that a caller waits for. */
export interface Progress {
  /** Null if it is not known. */
  readonly percent: number | null;
  readonly words: string;
}

/** The circumstances of one call. */
export interface Call {
  /** Aborted when the caller cancels or leaves. It ends reads and waits, never a change that has begun. */
  readonly signal: AbortSignal;
  /** Receives the progress of a call that waits, if the caller wants it. */
  readonly report?: ((progress: Progress) => void) | undefined;
  readonly caller: Caller;
  /**
   * The question that the user agreed to before this call; null if there was nothing to ask, so nothing is agreed to;
   * undefined if the user cannot be asked.
   */
  readonly agreed?: string | null | undefined;
  /** The caller's W3C trace context, already validated. */
  readonly traceparent?: string | undefined;
}
