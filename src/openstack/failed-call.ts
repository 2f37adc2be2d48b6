/** The system call that failed, which fetch hides as the cause of a cause; undefined if it was none. */
export function failedCallIn(error: unknown) {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 4; cause = cause.cause, depth += 1) {
    if (!('code' in cause && typeof cause.code === 'string')) continue;
    // It was to find the other side or to connect to it, so that nothing can have been sent yet.
    const unsent = isUnsent(cause);
    return { code: codeOf(cause, cause.code), unsent };
  }
  return undefined;
}

/** Of an answer that is no TLS node:https says only in the message what fetch has a code for. */
function codeOf({ message }: Error, code: string): string {
  return code === 'EPROTO' && message.includes(':wrong version number:') ? 'ERR_SSL_WRONG_VERSION_NUMBER' : code;
}

/** The code alone does not tell: a host may become unreachable while its answer is awaited. */
function isUnsent(error: Error): boolean {
  // Where a name has several addresses, with an error for each.
  if (error instanceof AggregateError) return error.errors.every(isUnsent);
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT';
}
