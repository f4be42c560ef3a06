/** Where files of this user lie, as the command line finds them too; see the XDG specification. */
import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { hasCode, Trouble } from './trouble.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export function configFile(env: Env): string {
  return join(base(env, 'XDG_CONFIG_HOME', '.config'), 'config.yaml');
}

/** Written by the hub that this user runs. */
export function hubStateFile(env: Env): string {
  return join(stateFolder(env), 'hub.json');
}

export function stateFolder(env: Env): string {
  return base(env, 'XDG_STATE_HOME', '.local/state');
}

export function dataFolder(env: Env): string {
  return base(env, 'XDG_DATA_HOME', '.local/share');
}

function base(env: Env, variable: string, otherwise: string): string {
  const set = env[variable] ?? '';
  return join(
    isAbsolute(set) ? set : join(homedir() || userInfo().homedir, otherwise),
    'signalbox',
  );
}

/** Undefined where there is no such file. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Trouble(`${path} cannot be read: ${reason}.`, 'Let this user read the file.');
  }
}

export function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}
