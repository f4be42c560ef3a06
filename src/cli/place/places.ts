/** Where files of this user lie, as the XDG base directory specification says. */
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';

export type Env = Readonly<Record<string, string | undefined>>;

/** `~/.config/signalbox/config.yaml`: the address and token that this user writes down. */
export function configFile(env: Env): string {
  return join(base(env, 'XDG_CONFIG_HOME', '.config'), 'config.yaml');
}

/** `~/.local/state/signalbox/hub.json`: written by the hub that this user runs. */
export function hubStateFile(env: Env): string {
  return join(base(env, 'XDG_STATE_HOME', '.local/state'), 'hub.json');
}

/** `~/.local/share/signalbox`: the data of a hub, unless `--data` says otherwise. */
export function dataFolder(env: Env): string {
  return base(env, 'XDG_DATA_HOME', '.local/share');
}

/** A relative path in these variables is to be ignored, the specification says. */
function base(env: Env, variable: string, otherwise: string): string {
  const set = env[variable] ?? '';
  return join(isAbsolute(set) ? set : join(home(), otherwise), 'signalbox');
}

/** HOME may be empty; the user database knows it all the same. */
function home(): string {
  return homedir() || userInfo().homedir;
}
