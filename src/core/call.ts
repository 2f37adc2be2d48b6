/** What an operation does to the world. */
export type Effect = 'read' | 'write' | 'interrupt' | 'destroy';

/** Who calls, and through which face. The audit log records it. */
export interface Caller {
  readonly face: 'mcp' | 'rest' | 'library';
  /** The name and version that the client gave itself: untrusted. */
  readonly name?: string | undefined;
  readonly version?: string | undefined;
}

/** An id and a name, as Keystone gives them; null if there is none. */
type Named = { readonly id: string; readonly name: string } | null;

/** Whose rights count in Ironic: an application credential, its user and its project. */
export interface Account {
  readonly user: Named;
  readonly project: Named;
  readonly credential: Named;
}

/** The progress of a deployment that a caller waits for. */
export interface Progress {
  /** Null if it is not known. */
  readonly percent: number | null;
  readonly words: string;
}

/** What a page needs to draw a deployment, and a model need not read. */
export interface Drawing {
  /** In order, with what each means, if that is known, and the percentage at which it begins. Empty if they are unknown. */
  readonly steps: readonly { readonly name: string; readonly words: string | null; readonly percent: number }[];
  /** The position of the step under way, or of the one that failed, from 0; null if there is none, or it is unknown. */
  readonly current: number | null;
  /** After so many seconds, half of the step's share counts as done; null if time alone does not move it on. */
  readonly half_share_seconds: number | null;
  readonly elapsed_seconds: number | null;
  /** Minutes from the start in which a deployment usually gets past the step under way; null if unknown. */
  readonly usual_minutes: number | null;
}

/** The circumstances of one call. */
export interface Call {
  /** Aborted when the caller cancels or leaves. It ends reads and waits, never a change that has begun. */
  readonly signal: AbortSignal;
  /** Receives the progress of a call that waits, if the caller wants it. */
  readonly report?: ((progress: Progress) => void) | undefined;
  /** Receives what a page needs to draw the answer, if the caller wants it. */
  readonly draw?: ((drawing: Drawing) => void) | undefined;
  readonly caller: Caller;
  /**
   * The question that the user agreed to before this call; null if there was nothing to ask, so nothing is agreed to;
   * undefined if the user cannot be asked.
   */
  readonly agreed?: string | null | undefined;
  /** The caller's W3C trace context, already validated. */
  readonly traceparent?: string | undefined;
}
