/**
 * Agents, their tokens and their presence.
 *
 * Who sent something is the token's word, never the body's. Presence comes from leases: a sidecar
 * beats every 5 s; silent for 15 s is offline, and so is a closed socket that has not resumed in 3
 * s.
 */
import { z } from 'zod';
import {
  AgentName,
  Capabilities,
  Outcome,
  page,
  pageInput,
  Reason,
  SessionId,
  TaskId,
  TimeMs,
  TokenId,
  Trust,
} from './shape.ts';
import { RepositoryUrl } from './repository.ts';
import { Hold } from './spending.ts';
import { limits } from './limits.ts';
import { command, query, type Scope } from './operation.ts';

export const Role = z.enum(['admin', 'operator', 'agent', 'gatekeeper', 'verifier', 'observer']);
export type Role = z.infer<typeof Role>;

/** What each role may do. An operator is a human; a gatekeeper reviews and never lowers a tier. */
export const roleScopes: Record<Role, readonly Scope[]> = {
  admin: ['read', 'submit', 'work', 'verify', 'approve', 'operate', 'admin'],
  operator: ['read', 'submit', 'approve', 'operate'],
  agent: ['read', 'submit', 'work'],
  gatekeeper: ['read', 'submit', 'work'],
  verifier: ['read', 'verify'],
  observer: ['read'],
};

/**
 * What an agent is doing. `assigned`, `working` and `blocked` name the task; one that is blocked
 * says what it cannot go on without; `draining` takes no more.
 */
export const AgentState = z.enum(['offline', 'idle', 'assigned', 'working', 'blocked', 'draining']);
export type AgentState = z.infer<typeof AgentState>;

export const Agent = z.strictObject({
  name: AgentName,
  role: Role,
  state: AgentState,
  capabilities: Capabilities,
  trust: Trust,
  /** The task in hand, if there is one. */
  taskId: TaskId.nullable(),
  /** What it says of it: what it is doing, and why it cannot go on by itself. */
  note: z.string().nullable(),
  blockedBy: z.string().nullable(),
  /** What it had in hand before, and how that went out of its hand. */
  lastTask: z
    .strictObject({ id: TaskId, outcome: Outcome.nullable(), endedAtMs: TimeMs })
    .nullable(),
  /** Why nothing is offered to it now, and until when. */
  hold: Hold.nullable(),
  sessionId: SessionId.nullable(),
  /** Offline when this passes without a beat. */
  leaseUntilMs: TimeMs,
  lastSeenMs: TimeMs,
  createdAtMs: TimeMs,
});
export type Agent = z.infer<typeof Agent>;

export const Token = z.strictObject({
  id: TokenId,
  agent: AgentName,
  role: Role,
  createdAtMs: TimeMs,
  expiresAtMs: TimeMs.nullable(),
  revokedAtMs: TimeMs.nullable(),
  /** The token that this one was rotated from. */
  rotatedFrom: TokenId.nullable(),
});
export type Token = z.infer<typeof Token>;

/** What stands behind `Bearer`, in the signs of RFC 6750: fit for a header and for a line. */
export const Secret = z.string().regex(/^[\w.~+/=-]{1,256}$/);
export const TokenSecret = z.strictObject({ token: Token, secret: Secret });

/**
 * `live`: a socket of it takes a push now. `wakes`: something starts it when mail comes.
 * `next_turn`: it reads when it next asks. `unreachable`: it has not been heard of for long.
 */
export const Reach = z.enum(['live', 'wakes', 'next_turn', 'unreachable']);

/** Everybody has weight 1 until it is set. */
export const Share = z.strictObject({ submitter: AgentName, weight: z.int() });
export type Share = z.infer<typeof Share>;

export const agentOperations = {
  'agent.connect': command('agent.connect', {
    scope: 'work',
    summary:
      'Says that this agent is here and can take work. Resumes a session when its id is given; ' +
      'a new session takes the place of an older one of the same agent.',
    input: z.strictObject({
      capabilities: Capabilities.default([]),
      sessionId: SessionId.optional(),
      /** False: it is here and asks for work with `task.pull`; nothing is offered to it. */
      takesOffers: z.boolean().default(true),
      /** The only repositories that it works on; left out, any. */
      repositories: z.array(RepositoryUrl).max(limits.repositoriesOfAgentMax).optional(),
      /** Tasks that this process still has in hand; others that the hub knows of go back. */
      holding: z.array(TaskId).max(16).default([]),
    }),
    output: z.strictObject({
      agent: Agent,
      sessionId: SessionId,
      beatMs: z.int(),
      /** The newest event at this moment: subscribe after it and nothing is missed. */
      cursor: z.int(),
      /** An offer that waits for this agent already. */
      taskId: TaskId.nullable(),
    }),
    errors: ['conflict'],
  }),
  'agent.heartbeat': command('agent.heartbeat', {
    scope: 'work',
    summary: 'Renews the lease of a session. It goes on while the command is busy or stopped.',
    input: z.strictObject({ sessionId: SessionId }),
    output: z.strictObject({
      leaseUntilMs: TimeMs,
      /**
       * What was offered to this session and is in its hand, as the hub sees it. A process that
       * knows nothing of it connects again.
       */
      taskId: TaskId.nullable(),
    }),
    errors: ['conflict'],
    isJournaled: false,
  }),
  'agent.drain': command('agent.drain', {
    scope: 'work',
    summary: 'Takes no more work; what is in hand is finished first.',
    input: z.strictObject({ sessionId: SessionId }),
    output: Agent,
    errors: ['conflict'],
  }),
  'agent.disconnect': command('agent.disconnect', {
    scope: 'work',
    summary: 'Ends a session at once; work in hand goes back to the queue.',
    input: z.strictObject({ sessionId: SessionId }),
    output: Agent,
    errors: ['conflict'],
  }),
  'agent.trust': command('agent.trust', {
    scope: 'operate',
    summary: 'Says how far an agent is trusted: it is offered the tasks that ask for no more.',
    input: z.strictObject({ agent: AgentName, trust: Trust }),
    output: Agent,
    errors: ['not_found'],
  }),
  'agent.remove': command('agent.remove', {
    scope: 'operate',
    summary:
      'Takes an agent out of the project and ends its tokens. Its messages, its attempts and its ' +
      'history stay. One that is online, has a task in hand or has locks is not removed.',
    input: z.strictObject({ agent: AgentName, reason: Reason.optional() }),
    output: z.strictObject({
      agent: AgentName,
      /** How many of its tokens have ended with it. */
      tokens: z.int().min(0),
    }),
    errors: ['not_found', 'conflict', 'forbidden'],
  }),
  'share.set': command('share.set', {
    scope: 'operate',
    summary:
      'Gives a submitter its weight: of those whose tasks wait in the same lane, one with twice ' +
      'the weight has twice the turns. It counts for what comes into line from then on.',
    input: z.strictObject({
      submitter: AgentName,
      weight: z.int().min(1).max(limits.shareWeightMax),
    }),
    output: Share,
  }),
  'share.list': query('share.list', {
    scope: 'read',
    summary: 'Submitters whose weight was set.',
    input: z.strictObject(pageInput),
    output: page(Share),
  }),
  'agent.list': query('agent.list', {
    scope: 'read',
    summary: 'The agents of the project with their presence and what they hold.',
    input: z.strictObject(pageInput),
    output: page(Agent),
  }),
  'agent.reach': query('agent.reach', {
    scope: 'read',
    summary: 'Before you send: how and when a message would reach this agent.',
    input: z.strictObject({ agent: AgentName }),
    output: z.strictObject({
      agent: AgentName,
      reach: Reach,
      /** When it was last heard of; null where it never was. */
      lastSeenMs: TimeMs.nullable(),
      /** Messages that wait in its mailbox. */
      pending: z.int().min(0),
      explanation: z.string(),
    }),
    errors: ['not_found'],
  }),
  'token.create': command('token.create', {
    scope: 'admin',
    summary: 'Makes a token for an agent. The secret is shown once and kept only as a hash.',
    input: z.strictObject({
      agent: AgentName,
      role: Role.default('agent'),
      expiresInMs: z.int().min(1_000).max(limits.tokenLifeMsMax).optional(),
    }),
    output: TokenSecret,
    isSecret: true,
  }),
  'token.list': query('token.list', {
    scope: 'admin',
    summary: 'The tokens of the project, without their secrets.',
    input: z.strictObject(pageInput),
    output: page(Token),
  }),
  'token.rotate': command('token.rotate', {
    scope: 'admin',
    summary: 'Makes a new secret for the same agent and role; the old one works for a grace time.',
    input: z.strictObject({
      id: TokenId,
      graceMs: z
        .int()
        .min(0)
        .max(24 * 60 * 60_000)
        .default(limits.tokenGraceMsDefault),
    }),
    output: TokenSecret,
    errors: ['not_found', 'conflict'],
    isSecret: true,
  }),
  'token.revoke': command('token.revoke', {
    scope: 'admin',
    summary: 'Ends a token within a second, open sockets included.',
    input: z.strictObject({ id: TokenId, reason: Reason.optional() }),
    output: Token,
    errors: ['not_found'],
  }),
  'token.resign': command('token.resign', {
    scope: 'read',
    summary: 'Ends the very token that asks: what a machine does that leaves.',
    input: z.strictObject({ reason: Reason.optional() }),
    output: Token,
    errors: ['conflict'],
  }),
};
