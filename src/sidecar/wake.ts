/**
 * How an agent is woken that runs elsewhere: a small request to a URL, or a command. Both only say
 * that there is work; the agent then takes the task itself, with `get_work` or `task.pull`.
 *
 * The URL is the user's own word, so it may lead anywhere, but nothing that answers leads on: a
 * redirect is a failure.
 */
import { spawn } from 'node:child_process';
import { SignalboxError, type Task } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { createTail } from '../process/tail.ts';

/** `openclaw`: the body that its hooks take, `POST /hooks/wake`. */
export type WakeForm = 'signalbox' | 'openclaw';

export type Trigger =
  | { kind: 'url'; url: string; token?: string | undefined; form: WakeForm }
  /** A program that gets the same on its input, and may go on as long as it likes. */
  | { kind: 'command'; command: readonly string[]; env: Record<string, string | undefined> };

export interface WakeCall {
  agent: string;
  /** Where the hub is. */
  url: string;
  task: Task;
}

/** Rejects where the agent was not reached. */
export type Wake = (call: WakeCall) => Promise<void>;

const ANSWER_MS = 10_000;
/** A command that has not failed by then has woken its agent, or is the agent. */
const COMMAND_MS = 30_000;
const SAID_CHARS_MAX = 500;

export function createWake(trigger: Trigger, clock: Clock): Wake {
  if (trigger.kind === 'command') return (call) => startCommand(trigger, call, clock);
  checkUrl(trigger.url);
  return (call) => post(trigger, call);
}

function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && url.username === '' && url.password === '';
  if (isPlain && (url.protocol === 'http:' || url.protocol === 'https:')) return;
  throw new SignalboxError('invalid_input', 'The URL that wakes the agent cannot be used.', {
    hint: 'Give http://HOST/PATH or https://HOST/PATH; a secret goes into SIGNALBOX_WAKE_TOKEN.',
  });
}

async function post(
  { url, token, form }: Extract<Trigger, { kind: 'url' }>,
  call: WakeCall,
): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(form === 'openclaw' ? { text: words(call), mode: 'now' } : body(call)),
    redirect: 'manual',
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch((error: unknown) => {
    // What went wrong stands in the cause; the error itself says "fetch failed".
    const { cause } = error instanceof Error ? error : {};
    const why = cause instanceof Error ? cause.message : String(error);
    throw new Error(`${new URL(url).origin} does not answer: ${why}`, { cause: error });
  });
  await response.body?.cancel();
  if (response.ok) return;
  const { status } = response;
  const isElsewhere = status >= 300 && status < 400;
  const why = isElsewhere ? ', which leads elsewhere and is not followed' : '';
  throw new Error(`The URL that wakes the agent answers with ${status}${why}.`);
}

function body({ agent, url, task }: WakeCall): Record<string, unknown> {
  const { id, fence, attempt, title } = task;
  const told = { taskId: id, fence, attempt, title };
  return { type: 'task.accepted', agent, url, ...told, text: words({ agent, url, task }) };
}

/** The title is a submitter's word, so it stands in quotation marks, on one line. */
function words({ agent, url, task }: WakeCall): string {
  const title = JSON.stringify(task.title);
  return `Signalbox at ${url} has task ${task.id} for ${agent}: ${title}. Take it with get_work.`;
}

async function startCommand(
  { command, env }: Extract<Trigger, { kind: 'command' }>,
  call: WakeCall,
  clock: Clock,
): Promise<void> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    env: { ...env, ...named(call) },
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const said = createTail(SAID_CHARS_MAX);
  const failed = new Promise<string | null>((resolve) => {
    child.once('error', ({ message }) => resolve(message));
    child.once('exit', (code, signal) =>
      resolve(code === 0 ? null : `${signal ?? `exit ${code}`}`),
    );
  });
  child.stdin.on('error', () => {});
  child.stdin.end(`${JSON.stringify(body(call))}\n`);
  child.stderr.on('data', said.push);
  const over = new AbortController();
  const inTime = clock.sleep(COMMAND_MS, over.signal).then(() => null);
  const why = await Promise.race([failed, inTime]);
  over.abort();
  child.stderr.destroy();
  child.unref();
  if (why === null) return;
  throw new Error(`The command that wakes the agent failed: ${why}. ${said.text().trim()}`.trim());
}

function named({ agent, url, task }: WakeCall): Record<string, string> {
  return {
    SIGNALBOX_AGENT: agent,
    SIGNALBOX_URL: url,
    SIGNALBOX_TASK_ID: task.id,
    SIGNALBOX_FENCE: String(task.fence),
    SIGNALBOX_TASK_TITLE: task.title.replaceAll('\0', ''),
  };
}
