/**
 * What the person sees: lines that stay, and below them a block that is drawn anew in place. Where
 * nobody looks (a pipe, a dumb terminal) there is no block, and lines are only appended.
 */
import { printable } from './harmless.ts';
import type { Output } from './output.ts';
import type { Env } from '../place/places.ts';

const ESCAPE = '\u001b[';
const CLEAR_LINE = `${ESCAPE}K`;
const CLEAR_BELOW = `${ESCAPE}J`;
const HIDE_CURSOR = `${ESCAPE}?25l`;
const SHOW_CURSOR = `${ESCAPE}?25h`;

export interface Screen {
  /** Is the block shown? */
  isLive: boolean;
  /** Adds lines that stay, above the block. */
  say: (...lines: readonly string[]) => void;
  draw: (block: readonly string[]) => void;
  /** Puts lines that stay in the place of the block. */
  replace: (...lines: readonly string[]) => void;
  /** The block stays as it is, and what follows goes below. */
  settle: () => void;
  /** Something else was written below the block: the next one is drawn below that. */
  forget: () => void;
}

export function createScreen(output: Output, env: Env): Screen {
  const isLive = output.isTty && !output.isJson && env['TERM'] !== 'dumb';
  if (!isLive) {
    // With --json, stdout is for the result.
    const write = output.isJson ? output.note : output.line;
    const say = (...lines: readonly string[]): void => lines.forEach((line) => write(line));
    return { isLive, say, draw: () => {}, replace: say, settle: () => {}, forget: () => {} };
  }
  let block: readonly string[] = [];
  let { columns } = output;
  const write = (lines: readonly string[], next: readonly string[]): void => {
    const all = [...lines, ...next];
    if (all.length + block.length === 0) return;
    const start = next.length === 0 ? '' : HIDE_CURSOR;
    // After the window was resized nobody knows where the lines of the block are.
    const isMoved = columns !== output.columns;
    columns = output.columns;
    const anew = block.length === 0 ? start : `\r${ESCAPE}${block.length}A`;
    const up = isMoved ? `${start}${ESCAPE}2J${ESCAPE}H` : anew;
    const end = next.length === 0 ? SHOW_CURSOR : '';
    block = next;
    const text = all.map((line) => `${printable(line)}${CLEAR_LINE}`).join('\n');
    output.raw(`${up}${text}${CLEAR_BELOW}${end}`);
  };
  const settle = (): void => {
    if (block.length > 0) write(block, []);
  };
  // Also where the process is ended in the middle, the cursor is shown again.
  process.once('exit', settle);
  return {
    isLive,
    say: (...lines) => write(lines, block),
    draw: (next) => write([], next),
    replace: (...lines) => write(lines, []),
    settle,
    forget: () => (block = []),
  };
}
