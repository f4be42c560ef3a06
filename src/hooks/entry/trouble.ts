/** What keeps a hook from its work, in words for the person who sits there. */
export class Trouble extends Error {
  override readonly name = 'Trouble';
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

export function wordsOf(error: unknown): string {
  if (error instanceof Trouble) return `${error.message} ${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
