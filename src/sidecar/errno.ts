/** Errors of the system, told apart by their code. */

export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

export function isErrno(error: unknown, code: string): boolean {
  return errnoOf(error) === code;
}

/** The machine, not the task, is at fault: no room, no memory, no more files or processes. */
export function isMachineAtFault(error: unknown): boolean {
  const code = errnoOf(error);
  if (code !== null) return MACHINE_FAULTS.includes(code);
  return error instanceof Error && MACHINE_WORDS.test(error.message);
}

const MACHINE_FAULTS = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'ENOMEM', 'EMFILE', 'ENFILE', 'EAGAIN'];
/** What other programs, such as git, say of the same. */
const MACHINE_WORDS = /no space left on device|disk quota exceeded|read-only file system/i;
