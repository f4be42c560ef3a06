/** What every writing handler gets. Here the domains meet that must not know each other. */
import { dropChange } from '../domain/change/hand-in.ts';
import type { CommandContext } from '../domain/event/index.ts';

export function commandContext(parts: Omit<CommandContext, 'dropChange'>): CommandContext {
  return { ...parts, dropChange };
}
