/**
 * A hub of this user, started where none is known. Ten who ask at once start one: whoever makes the
 * file `starting` does it, and the others wait for the hub's word. The hub's own lock on its data
 * folder stands behind this.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SignalboxError } from '../contract/index.ts';
import { readConfig } from './config.ts';
import { findHub } from './connection.ts';
import type { Context } from './context.ts';
import { hubStateFile } from './places.ts';

const WAIT_MS = 20_000;
const LOOK_MS = 100;
const ANSWER_MS = 2_000;
/** Whoever made the file and is gone since does not bar the others. */
const STALE_MS = 30_000;

export async function ensureHub(context: Context): Promise<void> {
  const { env, options, clock } = context;
  const isGiven = options.has('url') || isSet(env['SIGNALBOX_URL']) || isSet(env['BROKER_URL']);
  if (isGiven || (await readConfig(env)).url !== undefined) return;
  const state = hubStateFile(env);
  const mark = join(dirname(state), 'starting');
  const log = join(dirname(state), 'hub.log');
  mkdirSync(dirname(state), { recursive: true, mode: 0o700 });
  const untilMs = clock.nowMs() + WAIT_MS;
  let isOurs = false;
  try {
    while (clock.nowMs() < untilMs) {
      if (await isThere(context)) return;
      if (!isOurs && take(mark)) {
        isOurs = true;
        if (await isThere(context)) return;
        startHub(context, log);
      }
      await clock.sleep(LOOK_MS);
    }
  } finally {
    if (isOurs) unlinkSync(mark);
  }
  throw new SignalboxError('unavailable', 'A hub was started here and does not answer.', {
    hint: `See ${log}, or start one yourself: signalbox start`,
  });
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && text !== '';
}

/** A word of a hub may be older than the hub is alive: so it is asked. */
async function isThere({ env }: Context): Promise<boolean> {
  try {
    const { url } = await findHub({ url: undefined, token: undefined, env });
    const answer = await fetch(new URL('/live', url), { signal: AbortSignal.timeout(ANSWER_MS) });
    return answer.ok;
  } catch {
    return false;
  }
}

function take(mark: string): boolean {
  try {
    closeSync(openSync(mark, 'wx', 0o600));
    return true;
  } catch {
    dropStale(mark);
    return false;
  }
}

function dropStale(mark: string): void {
  const stat = statSync(mark, { throwIfNoEntry: false });
  if (stat !== undefined && Date.now() - stat.mtimeMs > STALE_MS) unlinkSync(mark);
}

/** It lives on when the agent that wanted it has gone; `signalbox status` finds it. */
function startHub({ env }: Context, log: string): void {
  const out = openSync(log, 'a', 0o600);
  const main = new URL(
    import.meta.url.endsWith('.ts') ? './main.ts' : './main.js',
    import.meta.url,
  );
  const child = spawn(process.execPath, [main.pathname, 'start', '--port', '0'], {
    detached: true,
    stdio: ['ignore', out, out],
    env: { ...env, SESSION_ID: undefined, AGENT_ID: undefined },
  });
  child.on('error', () => {});
  child.unref();
  closeSync(out);
}
