/** What the hub itself asks of this domain. */
export { type Command, forgetOldReplies, hasOldReplies, keep, recall } from './journal.ts';
export { findMeta, setMeta } from './queries.ts';
export { countAll, countMissedMatches } from './status.ts';
export { why } from './why.ts';
