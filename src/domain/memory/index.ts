/** What other domains may ask of memory. */
export { recall, remember } from './operations.ts';
