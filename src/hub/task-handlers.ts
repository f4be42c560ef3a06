/** Contract ↔ domains, for tasks and how they are shared out. */
import { type OperationName, operations as o } from '../contract/index.ts';
import * as handIn from '../domain/change/hand-in.ts';
import * as tasks from '../domain/task/operations.ts';
import { pull } from '../domain/task/pull.ts';
import { progress } from '../domain/task/progress.ts';
import { removeAgent } from '../domain/task/removal.ts';
import * as reports from '../domain/task/reports.ts';
import * as sharing from '../domain/task/shares.ts';
import { snooze } from '../domain/task/snooze.ts';
import * as submitting from '../domain/task/submit.ts';
import { waiting } from '../domain/task/waiting.ts';
import { command, type Handlers, query } from './bound.ts';

type Name = Extract<
  OperationName,
  `task.${string}` | 'batch.submit' | `share.${string}` | 'agent.trust' | 'agent.remove'
>;

export const taskHandlers: Handlers<Name> = {
  'task.submit': command(o['task.submit'], submitting.submit),
  'batch.submit': command(o['batch.submit'], submitting.submitMany),
  'task.show': query(o['task.show'], tasks.show),
  'task.list': query(o['task.list'], tasks.list),
  'task.waiting': query(o['task.waiting'], waiting),
  'task.log': query(o['task.log'], tasks.log),
  'task.cancel': command(o['task.cancel'], handIn.cancelTask),
  'task.retry': command(o['task.retry'], tasks.retry),
  'task.pull': command(o['task.pull'], pull),
  'task.accept': command(o['task.accept'], reports.accept),
  'task.decline': command(o['task.decline'], reports.decline),
  'task.start': command(o['task.start'], reports.start),
  'task.progress': command(o['task.progress'], progress),
  'task.snooze': command(o['task.snooze'], snooze),
  'task.complete': command(o['task.complete'], handIn.completeTask),
  'task.fail': command(o['task.fail'], reports.fail),
  'agent.trust': command(o['agent.trust'], sharing.trust),
  'agent.remove': command(o['agent.remove'], removeAgent),
  'share.set': command(o['share.set'], sharing.setShare),
  'share.list': query(o['share.list'], sharing.shares),
};
