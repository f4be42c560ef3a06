/** What `signalbox start` was told, in the types that it works with. */
import { isAbsolute, resolve } from 'node:path';
import { SignalboxError } from '../contract/errors.ts';
import { type ApiKey, readApiKeys } from './place/api-keys.ts';
import type { Context } from './context.ts';
import type { Output } from './terminal/output.ts';
import { dataFolder, type Env } from './place/places.ts';

export interface StartOptions {
  host: string;
  port: number;
  /** Absolute. */
  dataDir: string;
  /** Undefined: SQLite in the data folder. */
  databaseUrl: string | undefined;
  /** Absolute: where the cases are shown as files, if they are. */
  mirror: string | undefined;
  auth: 'token' | 'none';
  hasVerifier: boolean;
  /** Ranges of addresses that webhooks may reach although they are not public. */
  webhookAllow: string[];
  logLevel: LogLevel | undefined;
  /** Keys that agents elsewhere bring instead of a token. */
  apiKeys: ApiKey[];
  env: Env;
  output: Output;
  /** Aborts at the first SIGINT or SIGTERM; a second one ends the process. */
  interruption: () => AbortSignal;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export function startOptions({ options, output, env, cwd, interruption }: Context): StartOptions {
  const mirror = options.text('mirror');
  const data = options.text('data') ?? dataFolder(env);
  return {
    host: options.text('host') ?? '127.0.0.1',
    port: options.integer('port', { min: 0, max: 65_535 }) ?? 8080,
    dataDir: isAbsolute(data) ? data : resolve(cwd, data),
    databaseUrl: databaseUrlIn(options),
    mirror: mirror === undefined ? undefined : resolve(cwd, mirror),
    auth: options.choice('auth', ['token', 'none'] as const) ?? 'token',
    hasVerifier: !options.isOff('verifier'),
    webhookAllow: options.list('webhookAllow'),
    logLevel: options.choice('logLevel', logLevels),
    apiKeys: readApiKeys(env),
    env,
    output,
    interruption,
  };
}

/** An empty one is a variable that is not set, and no wish for whatever database is near. */
function databaseUrlIn(options: Context['options']): string | undefined {
  const url = options.text('databaseUrl');
  if (url !== '') return url;
  throw new SignalboxError('invalid_input', '--database-url is empty.', {
    hint: 'Give postgres://user@host/database, or leave it out: then a file holds the data.',
  });
}
