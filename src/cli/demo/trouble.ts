/** What a person needs to know when the demo did not come to its end. */
import { readFile } from 'node:fs/promises';
import type { Client } from '../../client/index.ts';
import type { Player } from './cast.ts';
import { harmless, harmlessLine } from '../harmless.ts';
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
    const lines = [summary, ...facts.map(({ fact, frees }) => `${fact}; freed by: ${frees}`)];
    return [title, ...lines.map((line) => `    ${harmlessLine(line)}`)];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [title, `    the hub does not say why: ${harmlessLine(reason)}`];
  }
}

export async function logTails(players: readonly Player[]): Promise<string[]> {
  const tails = players.map(async ({ name, log }) => {
    const text = await readFile(log, 'utf8').catch(() => '');
    const lines = harmless(text).trimEnd().split('\n').slice(-TAIL_LINES);
    return ['', `The last lines of ${log} (${name}):`, ...lines.map((line) => `    ${line}`)];
  });
  return (await Promise.all(tails)).flat();
}
