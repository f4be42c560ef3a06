/** What other domains may ask about changes. */
export { isOfBrokenPolicy } from './policy.ts';
export {
  type ChangeRow,
  countChangesByState,
  findChangeWithRepository,
  findHeldBeside,
} from './queries.ts';
