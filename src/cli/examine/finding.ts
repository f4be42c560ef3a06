/** What `doctor` finds: each fact with how it stands, and what to do where it is not well. */
export interface Finding {
  /** What was looked at. */
  name: string;
  state: 'ok' | 'warn' | 'fail';
  message: string;
  /** What to do; null where all is well. */
  hint: string | null;
}

export function ok(name: string, message: string): Finding {
  return { name, state: 'ok', message, hint: null };
}

export function warn(name: string, message: string, hint: string): Finding {
  return { name, state: 'warn', message, hint };
}

export function fail(name: string, message: string, hint: string): Finding {
  return { name, state: 'fail', message, hint };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
