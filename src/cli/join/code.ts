/** The code of an invite, from where it was put: never asked for where nobody sits. */
import { createInterface } from 'node:readline/promises';
import { inviteCode, SignalboxError } from '../../contract/index.ts';
import type { Context } from '../context.ts';

/** Undefined where none was given. */
export async function givenCode(context: Context, asks: boolean): Promise<string | undefined> {
  const { options, env } = context;
  const said = options.text('code');
  const typed = said === '-' ? await context.readStdin() : (said ?? env['SIGNALBOX_INVITE'] ?? '');
  if (typed.trim() !== '') return checked(typed);
  return asks && process.stdin.isTTY && process.stdout.isTTY && !context.output.isJson
    ? checked(await asked(context))
    : undefined;
}

async function asked(context: Context): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const signal = context.interruption();
    return await lines.question('The code that `signalbox invite` printed: ', { signal });
  } finally {
    lines.close();
  }
}

function checked(typed: string): string {
  const code = inviteCode(typed);
  if (code !== undefined) return code;
  throw new SignalboxError('invalid_input', 'This is no code of an invite.', {
    hint: 'A code has 20 letters and digits, as in 7KQ2-M9XD-4T1R-0ZPA-6WCE.',
  });
}
