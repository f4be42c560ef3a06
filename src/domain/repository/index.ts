/** What other domains may ask about repositories. */
export { ensureRepository } from './operations.ts';
export type { RepositoryRow } from './queries.ts';
