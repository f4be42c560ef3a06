/** What a person needs to know when the demo did not come to its end. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Client } from '../../client/index.ts';
import type { Player } from './cast.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { ENDED, type Row } from './progress.ts';

const TAIL_LINES = 12;
/** The hub may be what hangs. */
const ASK_MS = 3_000;

export async function whatHangs(hub: Client, rows: readonly Row[]): Promise<string[]> {
  const open = rows.filter(({ state }) => state !== 'done');
  const answers = await Promise.all(open.map((row) => whyOf(hub, row)));
  return answers.flat();
}

async function whyOf(hub: Client, { id, part, state, agent, note }: Row): Promise<string[]> {
  const title = `${part.title} (${id}): ${state}${agent === '' ? '' : `, ${agent}`}`;
  if (ENDED.includes(state)) return [title, `    ${note}`];
  try {
    const { summary, facts } = await hub.why({ id }, { timeoutMs: ASK_MS });
    // What blocks it is told where that task is told.
    const told = state === 'blocked' ? [] : facts;
    const lines = [summary, ...told.map(({ fact, frees }) => `${fact}; freed by: ${frees}`)];
    return [title, ...lines.map((line) => `    ${harmlessLine(line)}`)];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [title, `    the hub does not say why: ${harmlessLine(reason)}`];
  }
}

export async function logTails(players: readonly Player[]): Promise<string[]> {
  const tails = players.map(async ({ name, log }) => {
    const text = await readFile(log, 'utf8').catch(() => '');
    const lines = text.split('\n').flatMap(readable).slice(-TAIL_LINES);
    return ['', `The last lines of ${log} (${name}):`, ...lines.map((line) => `    ${line}`)];
  });
  return (await Promise.all(tails)).flat();
}

/** A hub logs in JSON: of what is only news, a person needs the words. */
const Entry = z.object({ level: z.number(), msg: z.string(), phase: z.string().optional() });
const WARNING = 40;

function readable(line: string): string[] {
  if (line.trim() === '') return [];
  const entry = entryIn(line);
  if (entry === undefined || entry.level >= WARNING) return [harmlessLine(line)];
  return entry.phase === 'fetching' ? [] : [harmlessLine(entry.msg)];
}

function entryIn(line: string): z.infer<typeof Entry> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return Entry.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
