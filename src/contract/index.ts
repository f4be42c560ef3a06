/** The vocabulary: every operation by its name, and the shapes that they speak in. */
import { adminOperations } from './admin.ts';
import { agentOperations } from './agent.ts';
import { changeOperations } from './change.ts';
import { eventOperations } from './event.ts';
import { repositoryOperations } from './repository.ts';
import { taskOperations } from './task.ts';

export * from './admin.ts';
export * from './agent.ts';
export * from './change.ts';
export * from './common.ts';
export * from './errors.ts';
export * from './event.ts';
export * from './invoke.ts';
export * from './limits.ts';
export * from './operation.ts';
export * from './repository.ts';
export * from './task.ts';

export const operations = {
  ...taskOperations,
  ...changeOperations,
  ...agentOperations,
  ...repositoryOperations,
  ...eventOperations,
  ...adminOperations,
};
