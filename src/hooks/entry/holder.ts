/** Who is to hold a lock: the attempt that a sidecar runs here, else the session. */
import type { Fields } from './json.ts';
import { nonEmpty, type Env } from './places.ts';

export function holderOf(env: Env, session: string): Fields {
  const taskId = nonEmpty(env['SIGNALBOX_TASK_ID']);
  const fence = Number(env['SIGNALBOX_FENCE']);
  const isTask = taskId !== undefined && Number.isSafeInteger(fence) && fence > 0;
  return isTask ? { taskId, fence } : { session };
}
