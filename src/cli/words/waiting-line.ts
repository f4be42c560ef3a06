/** What a task waits for, said to whoever stays with it: each thing once while it lasts. */
import type { Fact } from '../../contract/index.ts';
import { harmlessLine } from '../terminal/harmless.ts';

export interface WaitingLines {
  /** Undefined where the line before has said it. */
  next: (state: string, fact: Fact) => string | undefined;
}

/**
 * A fact is no other one where it only counts on, where only its words have moved (what an agent
 * says of its work is told as it comes), or where another is the holder now by the same words: an
 * agent that goes from task to task is busy all the same.
 */
export function waitingLines(): WaitingLines {
  let told = { words: '', ground: '' };
  return {
    next(state, { fact, holder, frees }) {
      const line = `${harmlessLine(fact)}. ${harmlessLine(frees)}`;
      const words = [state, line.replaceAll(/\d+ (?:ms|s|m|h|d)\b/g, '')].join('\n');
      const ground = [state, holder, frees].join('\n');
      const isTold = words === told.words || ground === told.ground;
      told = { words, ground };
      return isTold ? undefined : line;
    },
  };
}
