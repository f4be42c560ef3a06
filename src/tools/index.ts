/** The tools by their names: at most twelve, see the budget in `tools.test.ts`. */
import { acquireLock, checkLocks, releaseLock } from './locks.ts';
import { recall, remember } from './memory.ts';
import { checkInbox, listAgents, sendMessage, why } from './talk.ts';
import { completeWork, getWork, submitWork } from './work.ts';

export { askThrough } from './ask.ts';
export type { Annotations, AnyTool, Ask, Caller, Told } from './tool.ts';
export { quoted, short } from './quoted.ts';

export const tools = {
  acquire_lock: acquireLock,
  release_lock: releaseLock,
  check_locks: checkLocks,
  remember,
  recall,
  get_work: getWork,
  complete_work: completeWork,
  submit_work: submitWork,
  send_message: sendMessage,
  check_inbox: checkInbox,
  why,
  list_agents: listAgents,
} as const;

export type Tools = typeof tools;
export type ToolName = keyof Tools;
