/** Contract ↔ domains: which handler answers which operation; those of one noun stand beside. */
import { type OperationName, operations as o, type Output } from '../contract/index.ts';
import * as agents from '../domain/agent/operations.ts';
import * as tokens from '../domain/agent/tokens.ts';
import { countAll, why } from '../domain/admin/index.ts';
import * as changes from '../domain/change/operations.ts';
import type { QueryContext } from '../domain/event/index.ts';
import * as events from '../domain/event/operations.ts';
import * as repositories from '../domain/repository/operations.ts';
import * as presence from '../domain/task/presence.ts';
import { latestSeq } from '../store/events.ts';
import { command, type Handlers, query } from './bound.ts';
import { budgetHandlers } from './budget-handlers.ts';
import { caseHandlers } from './case-handlers.ts';
import { inviteHandlers } from './invite-handlers.ts';
import { lockHandlers } from './lock-handlers.ts';
import { memoryHandlers } from './memory-handlers.ts';
import { type IsListening, messageHandlers } from './message-handlers.ts';
import { scheduleHandlers } from './schedule-handlers.ts';
import { taskHandlers } from './task-handlers.ts';
import { type Outward, webhookHandlers } from './webhook-handlers.ts';

export interface About {
  version: string;
  engine: 'sqlite' | 'postgres';
  startedAtMs: number;
}

/** What handlers need of the hub beside the database. */
export interface Around {
  isListening: IsListening;
  outward: Outward;
  /** After it, everything committed before is among the events that are read. */
  settleEvents: () => Promise<void>;
}

export function handlers(about: About, around: Around): Handlers<OperationName> {
  return {
    ...taskHandlers,
    ...scheduleHandlers,
    'change.claim': command(o['change.claim'], changes.claim),
    'change.heartbeat': command(o['change.heartbeat'], changes.heartbeat),
    'change.assess': command(o['change.assess'], changes.assess),
    'change.pass': command(o['change.pass'], changes.pass),
    'change.reject': command(o['change.reject'], changes.reject),
    'change.release': command(o['change.release'], changes.release),
    'change.land': command(o['change.land'], changes.land),
    'change.show': query(o['change.show'], changes.show),
    'change.list': query(o['change.list'], changes.list),
    'change.approve': command(o['change.approve'], changes.approve),
    'change.decline': command(o['change.decline'], changes.decline),
    ...caseHandlers,
    'agent.connect': command(o['agent.connect'], presence.connect),
    'agent.heartbeat': command(o['agent.heartbeat'], agents.heartbeat),
    'agent.drain': command(o['agent.drain'], presence.drain),
    'agent.disconnect': command(o['agent.disconnect'], presence.disconnect),
    'agent.list': query(o['agent.list'], agents.list),
    ...budgetHandlers,
    ...lockHandlers,
    ...memoryHandlers,
    ...messageHandlers(around.isListening),
    'token.create': command(o['token.create'], tokens.create),
    'token.list': query(o['token.list'], tokens.list),
    'token.rotate': command(o['token.rotate'], tokens.rotate),
    'token.revoke': command(o['token.revoke'], tokens.revoke),
    'token.resign': command(o['token.resign'], tokens.resign),
    ...inviteHandlers,
    'repository.add': command(o['repository.add'], repositories.add),
    'repository.list': query(o['repository.list'], repositories.list),
    'event.list': query(o['event.list'], async (context, input) => {
      // Who has written something finds it there.
      await around.settleEvents();
      return events.list(context, input);
    }),
    ...webhookHandlers(around.outward),
    why: query(o.why, why),
    'hub.status': query(o['hub.status'], (context) => status(about, context)),
    'hub.whoami': query(o['hub.whoami'], whoami),
  };
}

async function status(about: About, context: QueryContext): Promise<Output<'hub.status'>> {
  const cursor = await latestSeq({ read: context.db, dialect: context.dialect });
  return { ...about, nowMs: context.nowMs, cursor, ...(await countAll(context)) };
}

async function whoami({ actor }: QueryContext): Promise<Output<'hub.whoami'>> {
  const { name, role, project, scopes } = actor;
  return { name, role, project, scopes: [...scopes] };
}
