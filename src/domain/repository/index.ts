/** What other domains may ask about repositories. */
export { ensureRepository } from './operations.ts';
export {
  findRepository,
  findByUrl as findRepositoryByUrl,
  listRepositories,
  type RepositoryRow,
} from './queries.ts';
