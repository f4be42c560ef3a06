/** What others may ask about schedules. */
export { whySchedule } from './why.ts';
