/** Every operation by its name: what the hub must handle, and what the client can call. */
import { adminOperations } from './admin.ts';
import { agentOperations } from './agent.ts';
import { budgetOperations } from './budget.ts';
import { caseOperations } from './case.ts';
import { changeOperations } from './change.ts';
import { channelOperations } from './channel.ts';
import { eventOperations } from './event.ts';
import { inviteOperations } from './invite.ts';
import { lockOperations } from './lock.ts';
import { memoryOperations } from './memory.ts';
import { messageOperations } from './message.ts';
import { repositoryOperations } from './repository.ts';
import { scheduleOperations } from './schedule.ts';
import { taskOperations } from './task.ts';
import { waitingOperations } from './waiting.ts';
import { webhookOperations } from './webhook.ts';
import { workOperations } from './work.ts';

export const operations = {
  ...taskOperations,
  ...workOperations,
  ...scheduleOperations,
  ...waitingOperations,
  ...changeOperations,
  ...caseOperations,
  ...agentOperations,
  ...inviteOperations,
  ...budgetOperations,
  ...lockOperations,
  ...memoryOperations,
  ...messageOperations,
  ...channelOperations,
  ...repositoryOperations,
  ...eventOperations,
  ...webhookOperations,
  ...adminOperations,
};
