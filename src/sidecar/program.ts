/** Finds the program of a command before the first task meets it. */
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, resolve } from 'node:path';
import { SignalboxError } from '../contract/index.ts';

/**
 * The command with its program where it can be found, or a refusal.
 *
 * A name without a slash is looked up in PATH. A relative path is that of a file here, where there
 * is one, and else that of a file in the repository, which nobody can check before; a file here
 * that cannot be run was meant, and is refused.
 */
export async function findProgram(
  command: readonly string[],
  path: string | undefined,
): Promise<string[]> {
  const [program, ...args] = command;
  if (program === undefined || program === '') {
    throw refusal('There is no command to run.', 'Give it after `--`: … -- COMMAND ARGUMENT…');
  }
  if (program.includes('/')) {
    const here = resolve(program);
    if (await isProgram(here)) return [here, ...args];
    if (!isAbsolute(program) && !(await isThere(here))) return [program, ...args];
    throw refusal(
      `${program} is no program that can be run.`,
      `Check the path; a script needs: chmod +x ${program}`,
    );
  }
  for (const folder of (path ?? '').split(delimiter)) {
    if (folder !== '' && (await isProgram(resolve(folder, program)))) return [program, ...args];
  }
  throw refusal(
    `There is no program \`${program}\` in PATH.`,
    'Install it, or give its full path.',
  );
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function refusal(message: string, hint: string): SignalboxError {
  return new SignalboxError('invalid_input', message, { hint });
}
