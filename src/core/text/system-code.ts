/** The code of a system call that failed, such as ENOENT; `otherwise` for an error of another kind. */
export function systemCodeOf(error: unknown, otherwise = String(error)): string {
  return error instanceof Error && 'code' in error ? String(error.code) : otherwise;
}
