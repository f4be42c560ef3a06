/** What other domains may ask about agents. */
export { requireAgent, shownAgent } from './known.ts';
export * from './presence.ts';
export { FOREVER_MS, toHold } from './hold-view.ts';
export {
  findProjectHold,
  type HoldRow,
  listDueHolds,
  listIdleBeyondHold,
  saveFullness,
  saveHold,
  savePause,
  saveProjectHold,
} from './hold-queries.ts';
export {
  countTokensByRole,
  findToken,
  findAdminToken,
  findTokenOfAgent,
  type TokenRow,
} from './token-queries.ts';
export {
  type AgentRow,
  type AgentWithTask,
  assignTask,
  deleteAgent,
  findAgent,
  findAgentWithTask,
  freeAgent,
  listAgents,
  listIdleAgents,
  listLapsedAgents,
  lockAgent,
  lockProject,
  rearmLeases,
  keepLongLease,
  renewLease,
  saveAgent,
  setTaskSession,
  shortenLease,
} from './queries.ts';
export { listNear, registerActor, worksAsAgent } from './register.ts';
export { endTokensOf, hashSecret, makeToken } from './tokens.ts';
