/** Errors of the file system, told apart by their code. */

export function hasErrno(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && /^E[A-Z0-9]+$/.test(String(error.code));
}

export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return hasErrno(error) && codes.includes(error.code);
}
