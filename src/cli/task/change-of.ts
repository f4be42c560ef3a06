/** Which change an attempt handed in: there lies what its checks printed. */
import type { Client } from '../../client/index.ts';

export interface Made {
  taskId: string;
  attempt: number;
}

/** Its id, or where that is found for a task with more changes than one page holds. */
export async function changeOf(hub: Client, { taskId, attempt }: Made): Promise<string> {
  const { items } = await hub.change.list({ taskId });
  const change = items.find((one) => one.attempt === attempt);
  return change?.id ?? `ID, as signalbox change list --task ${taskId} has it`;
}
