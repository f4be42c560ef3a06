/** Whom a message is for, as it is written on a command line and as it is shown. */
import type { z } from 'zod';
import { Named, SignalboxError, type Recipient } from '../../contract/index.ts';

export interface Choice {
  /** One member of the team, not all. */
  isOne?: boolean;
}

/** `ada`, `#general`, `@reviewers`, `everyone`. */
export function recipientOf(to: string, { isOne = false }: Choice = {}): Recipient {
  if (isOne && !to.startsWith('@')) {
    throw new SignalboxError('invalid_input', '--one is for teams.', {
      hint: 'Write the team as @name, for example: signalbox send @reviewers "Look" --one',
    });
  }
  if (to === 'everyone') return { everyone: true };
  if (to.startsWith('#')) return { channel: to.slice(1) };
  if (to.startsWith('@')) return { team: to.slice(1), ...(isOne ? { mode: 'one' } : {}) };
  return { agent: to };
}

/** Whom a rule may add: somebody with a mailbox. */
export function namedOf(to: string): z.infer<typeof Named> {
  const named = Named.safeParse(recipientOf(to));
  if (named.success) return named.data;
  throw new SignalboxError('invalid_input', `\`${to}\` has no mailbox.`, {
    hint: 'A rule adds an agent or a @team; whoever wants a channel reads it.',
  });
}

export function recipientWord(to: Recipient): string {
  if ('agent' in to) return to.agent;
  if ('channel' in to) return `#${to.channel}`;
  return 'team' in to ? `@${to.team}` : 'everyone';
}
