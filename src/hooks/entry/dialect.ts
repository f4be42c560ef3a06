/**
 * The words of each client: what its events are called and how it wants to be answered. Most read
 * exit code 2 as a refusal and show the agent what stands on stderr then.
 */
import type { Said } from './reply.ts';

export const EVENTS = [
  'session-start',
  'user-prompt-submit',
  'pre-tool-use',
  'stop',
  'session-end',
] as const;
export type Event = (typeof EVENTS)[number];

export const CLIENTS = ['claude', 'codex', 'gemini', 'cursor'] as const;
export type Client = (typeof CLIENTS)[number];

export interface Answer {
  stdout: string;
  stderr: string;
  exitCode: number;
}

export const SILENCE: Answer = { stdout: '', stderr: '', exitCode: 0 };
export const REFUSED = 2;

/** By which name an agent goes where nobody gave it one. */
export const ownName: Readonly<Record<Client, string>> = {
  claude: 'claude-code',
  codex: 'codex',
  gemini: 'gemini-cli',
  cursor: 'cursor',
};

const eventNames: Readonly<Record<Event, { claude: string; gemini: string }>> = {
  'session-start': { claude: 'SessionStart', gemini: 'SessionStart' },
  'user-prompt-submit': { claude: 'UserPromptSubmit', gemini: 'BeforeAgent' },
  'pre-tool-use': { claude: 'PreToolUse', gemini: 'BeforeTool' },
  stop: { claude: 'Stop', gemini: 'AfterAgent' },
  'session-end': { claude: 'SessionEnd', gemini: 'SessionEnd' },
};

export function inWordsOf(client: Client, event: Event, said: Said): Answer {
  switch (said.kind) {
    case 'nothing':
      return SILENCE;
    case 'refusal':
      return refusal(client, said.text);
    case 'warning': {
      const line = `signalbox: ${said.text.replaceAll(/\s+/g, ' ')}`;
      // At its end a client waits for no words.
      const shown = event === 'session-end' ? '' : json(shownToUser(client, line));
      return { stdout: shown, stderr: `${line}\n`, exitCode: 0 };
    }
    case 'context':
      return { ...SILENCE, stdout: json(context(client, event, said.text)) };
  }
}

/** Gemini CLI takes an exit code for a hook that failed, and says so to its user. */
function refusal(client: Client, text: string): Answer {
  if (client === 'gemini') return { ...SILENCE, stdout: json({ decision: 'deny', reason: text }) };
  const told = { permission: 'deny', agent_message: text, user_message: text };
  const stdout = client === 'cursor' ? json(told) : '';
  return { stdout, stderr: `${text}\n`, exitCode: REFUSED };
}

function shownToUser(client: Client, line: string): object {
  return client === 'cursor' ? { user_message: line } : { systemMessage: line };
}

/** At its end an agent goes on with what it is told, as with a word of its user. */
function context(client: Client, event: Event, text: string): object {
  if (client === 'cursor') {
    return event === 'stop' ? { followup_message: text } : { additional_context: text };
  }
  if (event === 'stop') return { decision: client === 'gemini' ? 'deny' : 'block', reason: text };
  const hookEventName = eventNames[event][client === 'gemini' ? 'gemini' : 'claude'];
  return { hookSpecificOutput: { hookEventName, additionalContext: text } };
}

function json(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
