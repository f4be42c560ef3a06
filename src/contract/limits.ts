/**
 * Every bound of the house, with its unit in its name. What goes over one is refused, never cut
 * silently; what an operator may change is changed in the hub's configuration, within these.
 */
export const limits = {
  requestBytesMax: 1024 * 1024,
  nestingMax: 64,
  frameBytesMax: 1024 * 1024,
  socketBufferBytesMax: 4 * 1024 * 1024,
  subscriptionsPerSocketMax: 32,
  requestsPerSecond: 2_000,
  requestsBurst: 4_000,

  pageMax: 200,
  pageDefault: 50,
  eventPageMax: 1_000,

  nameCharsMax: 64,
  titleCharsMax: 200,
  bodyCharsMax: 200_000,
  checkCharsMax: 4_000,
  checksMax: 32,
  capabilitiesMax: 64,
  dependenciesMax: 256,
  keyCharsMax: 200,
  reasonCharsMax: 4_000,
  outputCharsMax: 64_000,
  policyCharsMax: 100_000,
  pathCharsMax: 4_096,
  pathsMax: 10_000,

  agentLeaseMs: 15_000,
  agentBeatMs: 5_000,
  agentResumeMs: 3_000,
  pullLeaseMs: 30 * 60_000,
  offerMs: 10_000,
  verifierLeaseMs: 15_000,
  recheckMs: 60_000,
  agingStepMs: 10 * 60_000,
  failuresMaxDefault: 3,
  failuresMaxMost: 20,
  conflictsMax: 10,
  attemptsMax: 30,
  attemptTimeoutMsDefault: 60 * 60_000,
  attemptTimeoutMsMax: 7 * 24 * 60 * 60_000,
  retryFirstMs: 1_000,
  retryMostMs: 5 * 60_000,
  checkTimeoutMsDefault: 10 * 60_000,
  checkTimeoutMsMax: 6 * 60 * 60_000,

  replyKeptMs: 24 * 60 * 60_000,
  tokenGraceMsDefault: 10 * 60_000,
  tokenLifeMsMax: 10 * 365 * 24 * 60 * 60_000,
} as const;
