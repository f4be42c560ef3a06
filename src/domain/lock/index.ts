/** What other domains may do with locks. */
export { type Holder, sessionHolder, taskHolder, taskHolderKey } from './holder.ts';
export { findOvertaken, recordLanding, type Touched } from './landed.ts';
export { canonicalPattern } from './items.ts';
export { newBudget } from './overlap.ts';
export { wayUp } from './overlapping.ts';
export { countOpenOfAgent, holdLine } from './queries.ts';
export { acquire, release, steal } from './operations.ts';
export { expireSession } from './sweep.ts';
export {
  type Area,
  doMeet,
  endLocksOfTask,
  type Ground,
  groundOfPaths,
  type Intents,
  listTakenPaths,
  obstaclesOf,
  pathsIn,
  pathsOfHolder,
  type RepositoryPath,
  takeIntents,
  takenOn,
} from './task-locks.ts';
export { factsOfHits, whyLock } from './why.ts';
