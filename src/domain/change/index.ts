/** What other domains may ask about changes. */
export {
  type ChangeRow,
  countChangesByState,
  findChangeWithRepository,
  findHeldBeside,
} from './queries.ts';
