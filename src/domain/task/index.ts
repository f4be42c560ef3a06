/** What other domains may do with tasks. */
export { isEnded } from './lifecycle.ts';
export { settle } from './dependents.ts';
export { factsOf, requireTask } from './facts.ts';
export { factsOfBarriers } from './barriers.ts';
export { canDo } from './assign.ts';
export { listNeeded, listOpenChildren } from './family-queries.ts';
export { countRunnable, type RunnableKind } from './line-queries.ts';
export { listRecordsOfAgent } from './record-queries.ts';
export { refuseUnheeded, submitOne } from './submit.ts';
export { shorten } from './move.ts';
export { decide } from './lifecycle.ts';
export { listWithPaths } from './path-queries.ts';
export type { TaskRow } from './queries.ts';
export {
  countByState,
  findOldestQueued,
  findTask,
  findTaskWithRepository,
  setOutcome,
} from './queries.ts';
export { complete } from './reports.ts';
export { matchFreed, matchTask, NO_RECORDS, toAsked, toIdle } from './schedule.ts';
export { silentUntilMs } from './deadline.ts';
export { parseList, toProgress } from './view.ts';
