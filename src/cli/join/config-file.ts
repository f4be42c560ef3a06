/** The two lines of the config file, changed as text: what else stands there stays as it is. */
import { chmod, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SignalboxError } from '../../contract/index.ts';
import { readConfig, readIfThere, type Config } from '../place/config.ts';
import { isSameHub } from '../place/connection.ts';
import { writeWhole } from '../place/hub-word.ts';
import { configFile, type Env } from '../place/places.ts';

/** Nobody's config is written over: a machine belongs to one hub, and leaves it first. */
export async function refuseOtherHub(env: Env, url: string): Promise<Config> {
  const config = await readConfig(env);
  const isOther =
    config.url === undefined ? config.token !== undefined : !isSameHub(config.url, url);
  if (!isOther) return config;
  const other = config.url ?? 'a token without an address';
  const leave =
    config.url === undefined ? 'Take it out of the file' : `signalbox leave ${config.url}`;
  throw new SignalboxError('conflict', `${configFile(env)} holds ${other}, and is kept.`, {
    hint: `${leave}, or join from a config of its own: XDG_CONFIG_HOME=FOLDER signalbox join …`,
  });
}

/** Answers whether anything had to be written. */
export async function writeHubLines(
  env: Env,
  lines: { url: string; token: string },
): Promise<boolean> {
  const file = configFile(env);
  const before = (await readIfThere(file)) ?? '';
  const text = withLine(withLine(before, 'url', lines.url), 'token', lines.token);
  if (text === before) {
    await chmod(file, 0o600);
    return false;
  }
  await writeWhole(await behindLinks(file), text);
  return true;
}

/** Takes the lines of this hub out; a file that held nothing else goes with them. */
export async function removeHubLines(env: Env, url: string): Promise<boolean> {
  const config = await readConfig(env);
  if (config.url === undefined || !isSameHub(config.url, url)) return false;
  const file = configFile(env);
  const before = (await readIfThere(file)) ?? '';
  const text = before.replace(/^(url|token):.*(\r?\n|$)/gm, '');
  const real = await behindLinks(file);
  if (text.trim() === '' && real === file) await rm(file, { force: true });
  else await writeWhole(real, text);
  return true;
}

/** Where the file lies: some people keep theirs elsewhere, and a link here. */
async function behindLinks(file: string): Promise<string> {
  const folder = await realpath(dirname(file)).catch(() => dirname(file));
  const real = await realpath(file).catch(() => undefined);
  return real === undefined || real === join(folder, basename(file)) ? file : real;
}

function withLine(text: string, name: keyof Config, value: string): string {
  const line = `${name}: ${value}`;
  const found = new RegExp(`^${name}:.*$`, 'm').exec(text)?.[0];
  if (found !== undefined) {
    const written = /^\w+:\s*["']?(\S*?)["']?\s*$/.exec(found)?.[1];
    return written === value ? text : text.replace(found, () => line);
  }
  const gap = text === '' || text.endsWith('\n') ? '' : '\n';
  return `${text}${gap}${line}\n`;
}
