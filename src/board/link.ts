/** The operations that the page may call. Both only read. */
export type Reader = 'check_provision_status' | 'list_servers';

export interface Answer {
  readonly data: unknown;
  /** What only the page is told. */
  readonly drawing?: unknown;
}

/** The way from the page to the operations. */
export interface Link {
  /** @throws CallFailed, or the signal's reason */
  call(reader: Reader, input: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Answer>;
  /** Writes a message to the assistant as the user; null if there is none. */
  readonly ask: ((text: string) => void) | null;
}

interface Details {
  readonly reason?: string | null;
  readonly hint?: string | null;
  readonly code?: string | null;
  readonly retryable?: boolean;
}

/** A call that failed, in words for the user. */
export class CallFailed extends Error {
  readonly reason: string | null;
  readonly hint: string | null;
  readonly code: string | null;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  constructor(message: string, { reason = null, hint = null, code = null, retryable = true }: Details = {}) {
    super(message);
    this.reason = reason;
    this.hint = hint;
    this.code = code;
    this.retryable = retryable;
  }
}

/** The failure in the text of a tool's answer: its message, then lines `Reason:`, `Next:`, `Code:`, `Retryable:`. */
export function failureIn(text: string): CallFailed {
  const [message = '', ...lines] = text.split('\n');
  const after = (label: string) => lines.find((line) => line.startsWith(`${label}: `))?.slice(label.length + 2) ?? null;
  return new CallFailed(message || 'The call failed', {
    reason: after('Reason'),
    hint: after('Next'),
    code: after('Code'),
    retryable: after('Retryable') !== 'no',
  });
}
