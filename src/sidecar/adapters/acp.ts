/**
 * Any agent that speaks the Agent Client Protocol on its standard input and output: its command is
 * what stands behind `--`, for example `-- gemini --acp`.
 *
 * Each attempt is one session with one prompt. The agent uses its own tools; nothing of this
 * machine is lent to it (no files, no terminal). Where it asks, reading, searching and editing in
 * the place of work are allowed once, all else is refused: what else it may do is for its own
 * settings. To stop, it is first asked to cancel, and then ended like any other command.
 */
import { client, methods, PROTOCOL_VERSION, RequestError } from '@agentclientprotocol/sdk';
import type { ClientConnection, PromptResponse } from '@agentclientprotocol/sdk';
import { limits } from '../../contract/index.ts';
import type { Adapter, Job } from '../adapter.ts';
import { createAcpEvents } from './acp-events.ts';
import { createMessages, Flood, type Messages } from './acp-messages.ts';
import { decide } from './acp-permission.ts';
import type { CliEvent } from './cli-event.ts';
import type { AdapterOptions } from './command.ts';
import { createOutput, type Output } from './output.ts';
import { startProgram, type StartedProgram } from './process.ts';

/** How long an agent may take to cancel, or to end when its input has ended. */
export const CANCEL_GRACE_MS = 3_000;

export function acpAdapter({ clock, marker, onOutput }: AdapterOptions): Adapter {
  return (job) => {
    const { command, folder, environment } = job;
    const name = command[0] ?? 'The agent';
    const messages = createMessages();
    const output = createOutput({ name, job, translate: messages.take, onOutput });
    const program = startProgram(
      { command, folder, environment, input: null },
      { clock, marker: marker(job), onOutput: output.push },
    );
    const talk = converse({ job, output, program, messages });
    let cancelStop: (() => void) | undefined;
    const stopSoon = (): void => {
      cancelStop ??= clock.after(CANCEL_GRACE_MS, program.stop);
    };
    void talk.done.then(() => {
      program.closeInput();
      stopSoon();
    });
    const exit = program.exit.then(async (end) => {
      cancelStop?.();
      messages.close();
      await talk.done;
      const { told, log } = output.end({ nowMs: clock.nowMs(), hasFailed: end.code !== 0 });
      // Once it has given its answer, nobody asks how its process ended.
      const isWell = told.hasAnswer && end.error === null;
      return { ...end, ...(isWell ? { code: 0, signal: null } : {}), told, log };
    });
    const stop = (): void => {
      talk.cancel();
      stopSoon();
    };
    return { pid: program.pid, process: program.process, exit, stop };
  };
}

interface TalkParts {
  job: Job;
  output: Output;
  program: StartedProgram;
  messages: Messages;
}

/** The whole conversation. `done` never rejects: what went wrong is told to the output. */
function converse(parts: TalkParts): { done: Promise<void>; cancel: () => void } {
  const { job, output, program, messages } = parts;
  const events = createAcpEvents();
  const connection = client({ name: 'signalbox' })
    .onRequest(methods.client.session.requestPermission, ({ params }) => {
      const { outcome, refused } = decide(params, job.folder);
      if (refused !== null) output.hear({ kind: 'words', text: `It was not allowed: ${refused}` });
      return { outcome };
    })
    .onNotification(methods.client.session.update, ({ params }) => {
      events.heard(params.update).forEach(output.hear);
    })
    .connect({ readable: messages.readable, writable: messages.writable(program.write) });
  let sessionId: string | undefined;
  const prompt = async (): Promise<PromptResponse> => {
    sessionId = await openSession(connection, job.folder);
    const text = { type: 'text' as const, text: job.prompt };
    return connection.agent.request(methods.agent.session.prompt, { sessionId, prompt: [text] });
  };
  const done = prompt()
    .then((response) => events.ended(response))
    .catch((error: unknown): CliEvent[] => [...events.flush(), failure(error)])
    .then((last) => last.forEach(output.hear));
  const cancel = (): void => {
    if (sessionId === undefined) return;
    connection.agent.notify(methods.agent.session.cancel, { sessionId }).catch(() => {});
  };
  return { done, cancel };
}

async function openSession({ agent }: ClientConnection, folder: string): Promise<string> {
  await agent.request(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    clientInfo: { name: 'signalbox', version: '1' },
    clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
  });
  const opened = await agent.request(methods.agent.session.new, { cwd: folder, mcpServers: [] });
  return opened.sessionId;
}

function failure(error: unknown): CliEvent {
  if (error instanceof Flood) return { kind: 'failure', text: error.message };
  if (!(error instanceof RequestError)) {
    return { kind: 'failure', text: 'It ended before it had answered.' };
  }
  const text = `${error.message} ${wordsOf(error.data)}`.trim();
  return { kind: 'failure', text: text.slice(0, limits.reasonCharsMax) };
}

/** What is nested too deeply can be read as JSON, and not be written as such. */
function wordsOf(data: unknown): string {
  try {
    return JSON.stringify(data) ?? '';
  } catch {
    return '';
  }
}
