/** What other domains may do with tasks. */
export { isEnded } from './lifecycle.ts';
export { releaseDependents } from './dependents.ts';
export { factsOf, requireTask } from './facts.ts';
export { factsOfIntents } from './locks.ts';
export { moveTask, shorten } from './move.ts';
export { decide } from './lifecycle.ts';
export { listWithPaths } from './path-queries.ts';
export type { TaskRow } from './queries.ts';
export {
  countByState,
  countRunnableByNeeds,
  findOldestQueued,
  findTask,
  findTaskWithRepository,
  listNeeded,
  setOutcome,
} from './queries.ts';
export { complete } from './reports.ts';
export { matchFreed, matchTask } from './schedule.ts';
export { parseList, toProgress } from './view.ts';
