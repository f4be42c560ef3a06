/** What the hub itself asks of this domain. */
export { type Command, forgetOldReplies, keep, KeyUsed, recall } from './journal.ts';
export { countAll, countMissedMatches } from './status.ts';
export { why } from './why.ts';
