/** Which clients a machine joins with. */
import { SignalboxError } from '../../contract/index.ts';
import { wantedFor } from '../commands/hooks.ts';
import type { Context } from '../context.ts';
import { hooksStatus, type Target } from '../../hooks/index.ts';

export type Kind = Exclude<Target, 'git'>;
const KINDS = ['claude', 'codex', 'gemini', 'cursor', 'command'] as const;

/** Those that were named, else those that are in use here. */
export async function kindsOf(context: Context): Promise<Kind[]> {
  const named = context.options.list('agent').map((word) => {
    const kind = KINDS.find((one) => one === word);
    if (kind !== undefined) return kind;
    throw new SignalboxError('invalid_input', `--agent does not take \`${word}\`.`, {
      hint: `Give one of: ${KINDS.join(', ')}. The name of the agent is given with --name.`,
    });
  });
  if (named.length > 0) return [...new Set(named)].filter((kind) => kind !== 'command');
  const found = await hooksStatus(wantedFor(context, undefined));
  return found.flatMap(({ target, isUsed }) => (isUsed && target !== 'git' ? [target] : []));
}
