/** Judges what is in the repository, with the user's own git. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Order } from './load.ts';
import { FIRST_LINE, type Station } from './station.ts';

export interface Landed extends Order {
  landedCommit: string | null;
}

type Git = Station['git'];

export async function judgeRepository(station: Station, landed: Landed[]): Promise<string[]> {
  const { git, repository } = station;
  const history = (await git('rev-list', '--reverse', 'main')).split('\n');
  return [
    ...judgeCommits(landed, history),
    ...(await judgeTrailers(git, landed)),
    ...(await judgeContent(git, landed)),
    ...judgeMoves(await movesOfMain(repository), history),
  ];
}

/** One commit a task, beside the first one, and nothing else. */
function judgeCommits(landed: Landed[], history: string[]): string[] {
  const commits = new Set(landed.map(({ landedCommit }) => landedCommit));
  const missing = landed.filter(({ landedCommit }) => !history.includes(landedCommit ?? ''));
  const faults = missing.map(({ id, landedCommit }) => `${id}: ${landedCommit} is not on main`);
  for (const commit of history.slice(1)) {
    if (!commits.has(commit)) faults.push(`${commit} on main belongs to no task`);
  }
  if (commits.size !== landed.length) faults.push('two tasks name the same commit');
  return faults;
}

async function judgeTrailers(git: Git, landed: Landed[]): Promise<string[]> {
  const format = '--format=%H %(trailers:key=Signalbox-Task,valueonly,separator=%x20)';
  const lines = (await git('log', format, 'main')).split('\n');
  return landed
    .filter(({ id, landedCommit }) => !lines.includes(`${landedCommit} ${id}`))
    .map(({ id, landedCommit }) => `${landedCommit} does not name ${id}`);
}

/** Every line of every file is there for a reason, once. */
async function judgeContent(git: Git, landed: Landed[]): Promise<string[]> {
  const wanted = landed.flatMap(({ title, files }) => files.map((file) => `${file}: ${title}`));
  const names = (await git('ls-tree', '--name-only', 'main')).split('\n');
  wanted.push(...names.map((name) => `${name}: ${FIRST_LINE}`));
  const there: string[] = [];
  for (const name of names) {
    const text = await git('show', `main:${name}`);
    there.push(...text.split('\n').map((line) => `${name}: ${line}`));
  }
  return differences(wanted.toSorted(), there.toSorted());
}

function differences(wanted: string[], there: string[]): string[] {
  const count = (list: string[], line: string): number => list.filter((one) => one === line).length;
  return [...new Set([...wanted, ...there])]
    .filter((line) => count(wanted, line) !== count(there, line))
    .map((line) => `${line} is there ${count(there, line)} times, not ${count(wanted, line)}`);
}

interface Move {
  from: string;
  to: string;
}

/** Each move goes on where the one before ended, and only forward: main is one line of commits. */
function judgeMoves(moves: Move[], history: string[]): string[] {
  const faults: string[] = [];
  let at = history[0];
  for (const { from, to } of moves) {
    if (from !== at) faults.push(`main was moved from ${from}, and stood at ${at}`);
    if (history.indexOf(to) <= history.indexOf(from)) faults.push(`main went to ${to}, not on`);
    at = to;
  }
  if (at !== history.at(-1)) faults.push(`main stands at ${history.at(-1)}, and was left at ${at}`);
  return faults;
}

/** See git-update-ref(1): each line begins with the old and the new commit. */
async function movesOfMain(repository: string): Promise<Move[]> {
  const text = await readFile(join(repository, 'logs/refs/heads/main'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(/[ \t]/))
    .map(([from = '', to = '']) => ({ from, to }));
}
