/** What other domains may do with tasks. */
export { isEnded } from './lifecycle.ts';
export { moveTask, requireTask, factsOf, shorten } from './move.ts';
export { decide } from './lifecycle.ts';
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
export { matchFreed, matchTask, releaseDependents } from './schedule.ts';
export { parseList, toProgress } from './view.ts';
