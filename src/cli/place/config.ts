/** The files that tell where the hub is: the one of the user, and the one that a hub leaves. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { SignalboxError } from '../../contract/errors.ts';
import { configFile, hubStateFile, type Env } from './places.ts';

const Config = z.strictObject({
  url: z.string().optional(),
  token: z.string().optional(),
});
export type Config = z.infer<typeof Config>;

/** Written by a hub when it starts. It may be of one that runs no more. */
const HubState = z.object({ url: z.string(), dataDir: z.string(), pid: z.int() });
export type HubState = z.infer<typeof HubState>;

export async function readConfig(env: Env): Promise<Config> {
  const path = configFile(env);
  const text = await readIfThere(path);
  if (text === undefined) return {};
  const { parse } = await import('yaml');
  const parsed = Config.safeParse(parsedYaml(parse, text, path) ?? {});
  if (parsed.success) return parsed.data;
  throw broken(path, z.prettifyError(parsed.error));
}

export function readHubState(env: Env): Promise<HubState | undefined> {
  return readHubWord(hubStateFile(env));
}

/** What a hub wrote of itself in this file. */
export async function readHubWord(file: string): Promise<HubState | undefined> {
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  try {
    return HubState.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Undefined where there is no such file; any other trouble is worth telling. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SignalboxError('invalid_input', `${path} cannot be read: ${reason}`, {
      hint: 'Let this user read the file, or give --url and --token.',
    });
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function parsedYaml(parse: (text: string) => unknown, text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw broken(path, error instanceof Error ? error.message : String(error));
  }
}

function broken(path: string, problem: string): SignalboxError {
  return new SignalboxError('invalid_input', `${path} is not understood: ${problem}`, {
    hint: 'It may hold two lines: `url: http://…` and `token: sbx_…`.',
  });
}
