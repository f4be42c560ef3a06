/** What the hub asks of invites when a code comes. */
export { findOpenInvite } from './queries.ts';
export { unknownCode } from './names.ts';
