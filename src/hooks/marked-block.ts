/** Our part of a text file of the user, between two lines that mark it as ours. */
import { readFile, rm } from 'node:fs/promises';
import { SignalboxError } from '../contract/index.ts';
import type { Change } from './json-file.ts';
import { backupOf, keepBackup, readOwn, writeOwn } from './own-file.ts';

export interface BlockPlan {
  path: string;
  /** The lines of the block, without the marks. */
  block: string;
  /** What in the rest of the file has the place that the block would take. */
  foreign: (rest: string) => string | undefined;
}

const BEGIN =
  '# >>> signalbox >>> (made by `signalbox hooks install`, taken out by `hooks remove`)';
const END = '# <<< signalbox <<<';

interface Parts {
  before: string;
  /** With its marks; undefined where it is not there. */
  block: string | undefined;
  after: string;
}

export async function addBlock(plan: BlockPlan): Promise<Change> {
  const file = await readOwn(plan.path);
  const parts = split(plan.path, file.text ?? '');
  const rest = parts.before + parts.after;
  const foreign = plan.foreign(rest);
  if (foreign !== undefined) return { path: plan.path, isChanged: false, taken: [foreign] };
  const newline = rest.includes('\r\n') ? '\r\n' : '\n';
  const block = [BEGIN, ...plan.block.trimEnd().split('\n'), END, ''].join(newline);
  if (parts.block === block) return { path: plan.path, isChanged: false, taken: [] };
  // What holds ours already is not what was there before.
  if (parts.block === undefined) await keepBackup(file);
  const isOpen = parts.before !== '' && !parts.before.endsWith('\n');
  const gap = parts.block !== undefined || parts.before === '' ? '' : newline;
  const text = parts.before + (isOpen ? newline : '') + gap + block + parts.after;
  await writeOwn(file, text);
  return { path: plan.path, isChanged: true, taken: [] };
}

export async function takeBlock(plan: BlockPlan): Promise<Change> {
  const file = await readOwn(plan.path);
  const { before, block, after } = split(plan.path, file.text ?? '');
  if (block === undefined) return { path: plan.path, isChanged: false, taken: [] };
  const backup = backupOf(file);
  const kept = await readFile(backup, 'utf8').catch(() => undefined);
  const rest = `${before.replace(/\r?\n$/, '')}${after}`;
  if (kept === undefined && rest.trim() === '') await rm(file.path);
  else await writeOwn(file, kept?.trimEnd() === rest.trimEnd() ? kept : rest);
  await rm(backup, { force: true });
  return { path: plan.path, isChanged: true, taken: [] };
}

export async function lookAtBlock(plan: BlockPlan): Promise<'whole' | 'other' | 'none'> {
  const { text } = await readOwn(plan.path);
  const { block } = split(plan.path, text ?? '');
  if (block === undefined) return 'none';
  const lines = block.split(/\r?\n/).slice(1, -2).join('\n');
  return lines === plan.block.trimEnd() ? 'whole' : 'other';
}

function split(path: string, text: string): Parts {
  const start = text.indexOf(BEGIN);
  if (start === -1) return { before: text, block: undefined, after: '' };
  const end = text.indexOf(END, start);
  if (end === -1) {
    const line = text.slice(0, start).split('\n').length;
    throw new SignalboxError('invalid_input', `${path}, line ${line}: our block has no end.`, {
      hint: `It was left as it is. Take our lines out by hand, or put \`${END}\` behind them.`,
    });
  }
  const after = /^[^\n]*(\n|$)/.exec(text.slice(end))?.[0].length ?? END.length;
  return {
    before: text.slice(0, start),
    block: text.slice(start, end + after),
    after: text.slice(end + after),
  };
}
