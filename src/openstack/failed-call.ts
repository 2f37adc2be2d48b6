/** The system call that failed, or undefined. fetch hides it as the cause of a cause. */
export function failedCallIn(error: unknown) {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 4; cause = cause.cause, depth += 1) {
    if (!('code' in cause && typeof cause.code === 'string')) continue;
    // If we only looked up the host or connected to it, we have not sent anything yet.
    const unsent = isUnsent(cause);
    return { code: codeOf(cause, cause.code), unsent };
  }
  return undefined;
}

/** fetch has a code for an answer without TLS. node:https says it only in the message. */
function codeOf({ message }: Error, code: string): string {
  return code === 'EPROTO' && message.includes(':wrong version number:') ? 'ERR_SSL_WRONG_VERSION_NUMBER' : code;
}

/** The code alone is not enough: a host may become unreachable while we wait for its answer. */
function isUnsent(error: Error): boolean {
  // A name with several addresses has one error for each.
  if (error instanceof AggregateError) return error.errors.every(isUnsent);
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT';
}
