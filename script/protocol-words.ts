/**
 * What the schemas of the contract cannot say: what each event, each bound and some fields mean.
 * The types see to it that nothing new goes without its words.
 */
import type { EventType, limits } from '../src/contract/index.ts';

/** Shapes of text that have a name of their own in the reference. */
export const forms = {
  TaskId: '`tsk_` and 21 of `0-9a-z`',
  ChangeId: '`chg_` and 21 of `0-9a-z`',
  RepositoryId: '`rep_` and 21 of `0-9a-z`',
  TokenId: '`tok_` and 21 of `0-9a-z`',
  SessionId: '`ses_` and 21 of `0-9a-z`',
  AgentName:
    '1 to 64 letters, digits, `.`, `-` and `_`, the first one a letter or a digit. Case, `-` and ' +
    '`_` do not tell two agents apart: `FirstResponder` and `first_responder` are one',
  Capability:
    '1 to 64 lower-case letters, digits and `+ . _ : / -`, the first one a letter or a digit',
  CommitId: 'a full commit id: 40 or 64 hexadecimal digits, lower case',
  BranchName:
    'a branch name that git takes, at most 200 of letters, digits and `. _ / + @ -`; no `..`, ' +
    '`//`, `/.`, `.lock`, and neither `/` nor `.` at the end',
  RepositoryUrl:
    '`https://…`, `http://…`, `ssh://…`, `git://…`, `file:///…`, `user@host:path` or an absolute ' +
    'path; at most 1,000 characters, no `..`, no password, no remote helper such as `ext::`',
  RepositoryPath: 'a relative path with `/`, 1 to 4,096 characters, no `..`',
} as const;

/** By `operation.field`, or `Shape.field`. */
export const fields: Record<string, string> = {
  'agent.connect.sessionId': 'goes on with this session; left out, a new one begins',
  'agent.connect.holding': 'tasks that this process still has in hand; others go back',
  'task.submit.repository': 'left out, the task is done by its report',
  'task.submit.baseBranch': 'left out, the branch that the repository’s HEAD names',
  'task.submit.checks': 'each run as `sh -c`; the change lands only if all pass',
  'task.submit.needs': 'what its agent must be able to do',
  'task.submit.after': 'tasks that must be done first',
  'task.submit.failuresMax': 'this many failures make it a dead letter',
  'task.submit.timeoutMs': 'the longest time that one attempt may take',
  'task.complete.change': 'required where the task has a repository; the branch is pushed already',
  'task.fail.isRetryable': 'false where another attempt cannot help: the task is then `failed`',
  'task.log.attempt': 'left out, the last one',
  'token.create.expiresInMs': 'left out, it does not expire',
  'token.rotate.graceMs': 'how long the old secret goes on working',
  'change.assess.policy': '`.signalbox/policy.yaml` of the base branch; null where there is none',
  'change.release.retryInMs': 'not claimable before that',
  'EventFilter.mine': 'only those addressed to the caller',
  'Change.baseBranch': 'null: the branch that the repository’s HEAD names',
  'Change.rules': 'what chose the tier, in words',
  'Task.agent': 'who holds it, or held it last',
  'Task.nextCheckMs': 'when the hub looks at it again at the latest; null once it has ended',
  'Agent.leaseUntilMs': 'offline when this passes without a beat',
  'Attempt.failure': 'what the next attempt is told',
};

export const events: Record<EventType, string> = {
  'agent.online': 'an agent is there and takes work',
  'agent.offline': 'its lease ran out, or it has left',
  'agent.draining': 'it takes no more work',
  'token.created': 'a token was made',
  'token.revoked': 'a token was ended',
  'token.rotated': 'a token got a new secret; the old one works for its grace time',
  'repository.added': 'a repository was named for the first time',
  'task.blocked': 'it waits for tasks that must be done first',
  'task.queued': 'it waits for an agent: new, or back for another attempt',
  'task.offered': 'it was handed out; `data.fence` is the number that reports must carry',
  'task.accepted': 'its agent took it',
  'task.running': 'the work began',
  'task.verifying': 'the work was handed in as a change',
  'task.done': 'its change has landed, or its report was taken',
  'task.cancelled': 'somebody took it back',
  'task.failed': 'its agent said that another attempt cannot help',
  'task.dead': 'a dead letter: its retries are spent; `task.retry` puts it back',
  'task.orphaned': 'a report came too late; it was refused and kept',
  'change.submitted': 'it waits for a verifier: new, released, or its verifier is gone',
  'change.verifying': 'a verifier holds it',
  'change.assessed': 'its tier is known',
  'change.awaiting': 'its checks have passed and a human decides',
  'change.approved': 'a human let it land; it waits for a verifier again',
  'change.landing': 'it was tested and may be pushed now',
  'change.landed': 'the base branch was read again and holds it',
  'change.rejected': 'a check failed, or a human declined',
  'change.conflicted': 'it does not fit on the base branch any more',
  'change.dropped': 'its task was cancelled',
};

/** Those of the contract that something is held to. */
type Bound = Exclude<keyof typeof limits, 'waitMsMax' | 'dependentsReadyAtOnceMax'>;

export const bounds: Record<Bound, string> = {
  requestBytesMax: 'body of an HTTP request',
  nestingMax: 'levels of nested JSON',
  frameBytesMax: 'one WebSocket message',
  framesPerMessageMax: 'frames in one WebSocket message',
  socketBufferBytesMax: 'unsent bytes of a socket before it is not read from',
  feedBufferBytesMax: 'unsent bytes of a socket before its feeds wait',
  subscriptionsPerSocketMax: 'subscriptions of one socket',
  requestsPerSecond: 'requests of one agent, in the long run',
  requestsBurst: 'requests of one agent at once',
  pageMax: 'items of a page',
  pageDefault: 'items of a page unless told',
  eventPageMax: 'events of a page',
  nameCharsMax: 'a name, a capability',
  titleCharsMax: 'a title',
  bodyCharsMax: 'the body of a task',
  checkCharsMax: 'one check',
  checksMax: 'checks of a task, and of a policy',
  capabilitiesMax: 'capabilities of an agent, needs of a task',
  dependenciesMax: 'tasks that one task waits for',
  keyCharsMax: 'an idempotency key',
  reasonCharsMax: 'a reason, a report',
  outputCharsMax: 'a log that is kept: its last part',
  policyCharsMax: 'a policy file',
  pathCharsMax: 'a path in a repository',
  pathsMax: 'paths that one change touches',
  agentLeaseMs: 'an agent that is silent for this long is offline',
  agentBeatMs: 'how often an agent beats',
  agentResumeMs: 'a closed socket must be resumed within this time',
  pullLeaseMs: 'lease of an agent that pulls and keeps no socket',
  offerMs: 'an offer that is not accepted in this time goes back',
  verifierLeaseMs: 'a verifier that is silent for this long loses its change',
  recheckMs: 'nothing that waits is left unlooked at for longer',
  agingStepMs: 'a task that has waited this long counts as one lane higher',
  failuresMaxDefault: 'failures that make a dead letter unless told',
  failuresMaxMost: 'and at most',
  conflictsMax: 'conflicts with the base that make a dead letter',
  attemptsMax: 'after this many attempts the next failure, conflict or loss makes a dead letter',
  attemptTimeoutMsDefault: 'time for one attempt unless told',
  attemptTimeoutMsMax: 'and at most',
  retryFirstMs: 'the first pause after a failure; it doubles, and half of it is left to chance',
  retryMostMs: 'the longest pause after a failure',
  checkTimeoutMsDefault: 'time for one check unless the policy says otherwise',
  checkTimeoutMsMax: 'and at most',
  replyKeptMs: 'how long an answer is kept under its idempotency key',
  tokenGraceMsDefault: 'how long a rotated token goes on working unless told',
  tokenLifeMsMax: 'the longest life of a token that expires',
};
