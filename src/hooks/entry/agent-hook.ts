/** One event of an agent's client, answered, and never in the way of the agent's own work. */
import { agentName, beginSession, forgetSession, noteSession, speakerOf } from './agent.ts';
import { inWordsOf, ownName, type Answer, type Client, type Event } from './dialect.ts';
import { beforeEdit } from './edit.ts';
import { holderOf } from './holder.ts';
import type { Fields } from './json.ts';
import type { Env } from './places.ts';
import { NOTHING, type Said } from './reply.ts';
import { sessionKey } from './session.ts';
import { readStdin, toldIn } from './stdin.ts';
import { wordsOf } from './trouble.ts';
import { atEnd, atStart, sinceLastLook } from './turn.ts';

export interface HookRun {
  client: Client;
  event: Event;
  /** For which the hooks were installed. */
  agent: string | undefined;
  env: Env;
  cwd: string;
  /** Who started this process. */
  parentPid: number;
  stdin: NodeJS.ReadStream;
}

export async function runAgentHook(run: HookRun): Promise<Answer> {
  const { client, event } = run;
  let told: Fields;
  try {
    told = toldIn(await readStdin(run.stdin));
  } catch (error) {
    // What cannot be understood is no reason to stop an agent, strict or not.
    return { stdout: '', stderr: `signalbox: ${wordsOf(error)}\n`, exitCode: 0 };
  }
  try {
    return inWordsOf(client, event, await answer(run, told));
  } catch (error) {
    return inWordsOf(client, event, troubled(run, wordsOf(error)));
  }
}

async function answer(run: HookRun, told: Fields): Promise<Said> {
  const { event, env, cwd, client } = run;
  const session = sessionKey(env, run.parentPid);
  let note = '';
  const speaker = (): ReturnType<typeof speakerOf> => {
    const naming = { env, session, chosen: run.agent, otherwise: ownName[client] };
    const agent = agentName(naming) ?? ownName[client];
    if (event === 'session-start') note = beginSession(naming, agent);
    else if (event !== 'session-end') noteSession(naming, agent);
    return speakerOf(env, agent);
  };
  const holder = holderOf(env, session);
  switch (event) {
    case 'session-start': {
      const said = await atStart(env, speaker());
      // Loaded only here: each turn and each edit would pay for it too.
      const { sweepBeside } = await import('./sweep.ts');
      sweepBeside(note);
      return said;
    }
    case 'user-prompt-submit':
      return sinceLastLook(env, speaker());
    case 'stop':
      return told['stop_hook_active'] === true ? NOTHING : sinceLastLook(env, speaker());
    case 'pre-tool-use':
      return beforeEdit(speaker, { told, cwd, env, holder });
    case 'session-end': {
      const said = await atEnd(speaker(), holder);
      forgetSession(env, session);
      return said;
    }
  }
}

function troubled({ event, env }: HookRun, words: string): Said {
  if (event !== 'pre-tool-use') return { kind: 'warning', text: words };
  if (env['SIGNALBOX_HOOKS'] !== 'strict') {
    return { kind: 'warning', text: `${words} This edit is made without a lock.` };
  }
  const text = `Not edited: no lock can be had now, and SIGNALBOX_HOOKS is strict. ${words}`;
  return { kind: 'refusal', text };
}
