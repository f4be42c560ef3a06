/** Runs one command: everything that loads the contract waits behind this import. */
import { createContext, type Context, type Invocation } from './context.ts';
import { fail } from './failure.ts';
import { Interrupted, INTERRUPTED_EXIT } from './terminal/interruption.ts';

/** Answers the exit code, where it is not 0. */
export type Command = (context: Context) => Promise<number | void>;

export async function run(command: Command, invocation: Invocation): Promise<number> {
  const context = createContext(invocation);
  try {
    return (await command(context)) ?? 0;
  } catch (error) {
    if (error instanceof Interrupted) return INTERRUPTED_EXIT;
    return fail(error, invocation.output, invocation.env);
  } finally {
    context.close();
  }
}
