/** What other domains may ask about channels, teams and rules. */
export { refuseFuturePlace } from './operations.ts';
export {
  findChannel,
  findTeam,
  listRoutes,
  listUnread,
  type RouteRow,
  takeChannelPlace,
  type TeamRow,
} from './queries.ts';
