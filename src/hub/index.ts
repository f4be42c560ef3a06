/** The hub as an object, for programs that hold one themselves. */
export { createHub, type Hub, type HubOptions } from './hub.ts';
export { openStore, type OpenOptions } from '../store/open.ts';
export { systemClock, manualClock, type Clock, type ManualClock } from '../core/clock.ts';
export { systemRandom, seededRandom, type Random } from '../core/random.ts';
