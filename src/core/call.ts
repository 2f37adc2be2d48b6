/** What an operation does to the world. */
export type Effect = 'read' | 'write' | 'destroy';

/** Who calls, and through which face: for the audit log. */
export interface Caller {
  readonly face: 'mcp' | 'rest' | 'library';
  /** The client's own name and version, if it gave them: untrusted. */
  readonly name?: string | undefined;
  readonly version?: string | undefined;
}

/** How far something has come that somebody waits for. */
export interface Progress {
  /** Null when nothing honest can be said. */
  readonly percent: number | null;
  readonly words: string;
}

/** The circumstances of one call. */
export interface Call {
  /** Aborted when the caller cancels or leaves. Ends reads and waits, never a change that has begun. */
  readonly signal: AbortSignal;
  /** Told how far a call that waits has come, if its caller wants to know. */
  readonly report?: ((progress: Progress) => void) | undefined;
  readonly caller: Caller;
  /**
   * What the user was asked before this call, and has agreed to; null if there was nothing to ask about, so that nothing is
   * agreed to; undefined if the user cannot be asked.
   */
  readonly agreed?: string | null | undefined;
  /** The W3C trace context that the caller sent, already validated. */
  readonly traceparent?: string | undefined;
}
