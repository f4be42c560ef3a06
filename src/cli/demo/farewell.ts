/** What is shown at the end: the branch, the story of each task, and where everything lies. */
import { join } from 'node:path';
import { fields } from '../terminal/layout.ts';
import type { Output } from '../terminal/output.ts';
import { graph } from './proof.ts';
import type { Row } from './progress.ts';
import type { Copy } from './source.ts';
import { shellWord } from './shell-word.ts';
import { hubDataIn, type HubAt } from './station.ts';
import { timelineOf } from './timeline.ts';

export async function landedLines(output: Output, copy: Copy): Promise<string[]> {
  const isColoured = output.paint('bold', ' ') !== ' ';
  const lines = await graph(copy, isColoured);
  return [heading(output, `What landed on ${copy.branch}`), ...lines.map((line) => `  ${line}`)];
}

export function timelines(output: Output, rows: readonly Row[]): string[] {
  const stories = rows.map((row) => ['', ...timelineOf(output, row).map((line) => `  ${line}`)]);
  return [heading(output, 'The timeline of each task').trimEnd(), ...stories.flat()];
}

export function whereabouts(output: Output, folder: string, copy: Copy): string[] {
  const pairs = [
    ['repository', `git --git-dir ${shellWord(copy.dir)} log --graph ${shellWord(copy.branch)}`],
    ['hub', join(hubDataIn(folder), 'hub.db')],
    ['agents', join(folder, 'agents')],
    ['logs', `${shellWord(folder)}/*.log`],
    ['remove all', `rm -rf ${shellWord(folder)}`],
  ] as const;
  return [heading(output, 'Where everything lies'), ...indented(fields(output, pairs))];
}

export interface Kept {
  copy: Copy;
  /** The command line that finds this hub. */
  program: string;
}

/** How to go on with a hub that was left running. */
export function keptLines(
  output: Output,
  { player, url, tokenFile }: HubAt,
  { copy, program }: Kept,
): string[] {
  const cli = shellWord(program);
  const pairs = [
    ['address', url],
    ['token', tokenFile],
    ['look', `${cli} task list`],
    ['a task', `${cli} task submit "Say hello" --repo ${shellWord(copy.dir)}`],
    ['an agent', `${cli} agent run --name ada -- COMMAND…`],
    ['stop it', `kill ${player.pid}`],
  ] as const;
  return [heading(output, 'The hub still runs'), ...indented(fields(output, pairs))];
}

export function heading(output: Output, text: string): string {
  return `\n${output.paint('bold', text)}\n`;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
