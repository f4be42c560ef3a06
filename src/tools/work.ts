/** Work: taken, handed in, given to others. */
import { z } from 'zod';
import { Lane, limits, type Output, type Task } from '../contract/index.ts';
import { quoted, short } from './quoted.ts';
import { type Told, tool, WRITES } from './tool.ts';

const list = z.array(z.string()).default([]);

export interface Taken {
  task: Task | null;
  lastFailure: string | null;
}

export const getWork = tool({
  name: 'get_work',
  title: 'Get a task',
  description: 'Take the next task that you can do.',
  input: z.strictObject({ capabilities: list.describe('what you can do, e.g. ts') }),
  annotations: WRITES,
  async run(
    ask,
    { capabilities: said },
    { holder, capabilities: known = [] },
  ): Promise<Told<Taken>> {
    const session = 'session' in holder ? { session: holder.session } : {};
    const capabilities = [...new Set([...known, ...said])];
    const { assignment, hold } = await ask('task.pull', { capabilities, ...session });
    if (assignment === null) {
      const data = { task: null, lastFailure: null };
      const text = hold === null ? 'No task waits for you.' : `No new work now: ${hold.reason}.`;
      return { text, brief: { task_id: null }, data };
    }
    const { task, lastFailure } = assignment;
    const { id: taskId, fence } = task;
    if (task.state === 'accepted') await ask('task.start', { taskId, fence });
    const failure = lastFailure === null ? '' : `\nThe attempt before failed:\n${lastFailure}`;
    const about = { id: taskId, from: task.submitter, title: task.title };
    const body = short(
      `${task.title}\n${task.body}${failure}`,
      20_000,
      'see `signalbox task show`',
    );
    const text = [
      `Task ${taskId}, fence ${fence}, attempt ${task.attempt}.`,
      quoted('task', about, [body, ...askedOf(task)].join('\n')),
      ...howTo(task),
    ];
    const brief = { task_id: taskId, fence, attempt: task.attempt };
    return { text: text.join('\n'), brief, data: { task, lastFailure } };
  },
});

/** What the submitter wrote of its paths and checks, which is text of others too. */
function askedOf({ checks, paths }: Task): string[] {
  return [
    ...(paths.length === 0 ? [] : [`Yours to change: ${paths.join(', ')}.`]),
    ...(checks.length === 0 ? [] : [`It must pass: ${checks.join(' ; ')}`]),
  ];
}

function howTo({ id, attempt, repository }: Task): string[] {
  if (repository === null) return ['When done: complete_work with task_id, fence and report.'];
  const branch = `signalbox/${id}/${attempt}`;
  const base = repository.baseBranch ?? 'HEAD';
  return [
    `Repository ${repository.url}. Branch ${branch} from a fresh origin/${base}, commit, push it.`,
    'Then complete_work with task_id, fence, branch, ' +
      `base (git merge-base HEAD origin/${base}) and head (git rev-parse HEAD).`,
  ];
}

export const completeWork = tool({
  name: 'complete_work',
  title: 'Hand a task in',
  description: 'Hand in the task you took, or say that it failed or give it back.',
  input: z.strictObject({
    task_id: z.string(),
    fence: z.int(),
    outcome: z.enum(['done', 'failed', 'give_back']).default('done'),
    report: z.string().max(limits.reasonCharsMax).optional().describe('what you did, or why not'),
    branch: z.string().optional().describe('pushed; with base and head'),
    base: z.string().optional(),
    head: z.string().optional(),
  }),
  annotations: WRITES,
  async run(ask, { task_id: taskId, fence, outcome, report, branch, base, head }) {
    const held = { taskId, fence };
    if (outcome === 'failed') {
      const reason = report ?? 'the agent said so';
      return told(await ask('task.fail', { ...held, reason }));
    }
    if (outcome === 'give_back') {
      return told(
        await ask('task.decline', { ...held, ...(report === undefined ? {} : { reason: report }) }),
      );
    }
    const isChange = branch !== undefined || base !== undefined || head !== undefined;
    const change = { branch: branch ?? '', base: base ?? '', head: head ?? '' };
    return told(await ask('task.complete', { ...held, report, ...(isChange ? { change } : {}) }));
  },
});

function told(progress: Output<'task.complete'>): Told<typeof progress> {
  const { id, state } = progress;
  const next =
    state === 'verifying'
      ? 'It is tested now and lands if it passes; `why` tells how far it is.'
      : 'get_work gives you the next one.';
  return { text: `${id} is ${state}. ${next}`, brief: { task_id: id, state }, data: progress };
}

export const submitWork = tool({
  name: 'submit_work',
  title: 'Submit a task',
  description: 'Give a task to whichever agent can do it.',
  input: z.strictObject({
    title: z.string(),
    body: z.string().default(''),
    repository: z.string().optional().describe('URL; without one its report is enough'),
    paths: list.describe('what it will change'),
    checks: list.describe('shell commands that must pass'),
    lane: Lane.default('normal'),
    needs: list,
    after: list.describe('task ids to wait for'),
  }),
  annotations: WRITES,
  async run(ask, input) {
    const progress = await ask('task.submit', input);
    const text = `${progress.id} is ${progress.state}. Its id and \`why\` tell what it waits for.`;
    return { text, brief: { task_id: progress.id, state: progress.state }, data: progress };
  },
});
