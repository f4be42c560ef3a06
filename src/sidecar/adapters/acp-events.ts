/** What an agent says over the Agent Client Protocol, version 1, in the vocabulary of all CLIs. */
import type { PromptResponse, SessionUpdate } from '@agentclientprotocol/sdk';
import { z } from 'zod';
import { read, type CliEvent, type Spent } from './cli-event.ts';

export interface AcpEvents {
  heard: (update: SessionUpdate) => CliEvent[];
  /** What was begun to be said and not told yet. */
  flush: () => CliEvent[];
  ended: (response: PromptResponse) => CliEvent[];
}

const WORDS_CHARS_MAX = 64_000;

/** Words come in pieces; they are told as one when the agent does something else. */
export function createAcpEvents(): AcpEvents {
  let words = '';
  const flush = (): CliEvent[] => {
    const text = words.trim();
    words = '';
    return text === '' ? [] : [{ kind: 'words', text }];
  };
  return {
    flush,
    heard(update) {
      switch (update.sessionUpdate) {
        case 'agent_message_chunk':
          if (update.content.type === 'text') {
            words = (words + update.content.text).slice(-WORDS_CHARS_MAX);
          }
          return [];
        case 'tool_call':
          return [...flush(), { kind: 'tool', text: update.title }];
        case 'usage_update':
          return [{ kind: 'spent', reply: 'session', spent: spentOf(update) }];
        default:
          return [];
      }
    },
    ended(response) {
      const last = words.trim();
      return [...flush(), verdict(response, last)];
    },
  };
}

type UsageUpdate = Extract<SessionUpdate, { sessionUpdate: 'usage_update' }>;

function spentOf({ used, size, cost }: UsageUpdate): Spent {
  const isDollars = cost?.currency === 'USD';
  return {
    contextTokens: used,
    contextTokensMax: size,
    ...(isDollars ? { costMicros: cost.amount * 1_000_000 } : {}),
  };
}

const Usage = z.looseObject({
  inputTokens: z.number(),
  cachedReadTokens: z.number().nullish(),
  cachedWriteTokens: z.number().nullish(),
  outputTokens: z.number(),
});

const Answer = z.looseObject({ result: z.looseObject({ usage: Usage }) });
const Tokens = z.looseObject({ input_tokens: z.number(), output_tokens: z.number() });
const Quota = z.looseObject({ quota: z.looseObject({ token_count: Tokens }) });
const GeminiAnswer = z.looseObject({ result: z.looseObject({ _meta: Quota }) });

/**
 * The tokens of a turn are not in version 1. Agents that tell them do it as the draft of the next
 * version has them; Gemini CLI has a place of its own for them.
 */
export function usageIn(message: unknown): CliEvent[] {
  const spent = spentIn(message);
  return spent === null ? [] : [{ kind: 'spent', reply: 'turn', spent }];
}

function spentIn(message: unknown): Spent | null {
  const usage = read(Answer, message)?.result.usage;
  if (usage !== undefined) {
    const cachedInputTokens = usage.cachedReadTokens ?? 0;
    const inputTokens = usage.inputTokens + cachedInputTokens + (usage.cachedWriteTokens ?? 0);
    return { inputTokens, cachedInputTokens, outputTokens: usage.outputTokens };
  }
  const tokens = read(GeminiAnswer, message)?.result._meta.quota.token_count;
  if (tokens === undefined) return null;
  return { inputTokens: tokens.input_tokens, outputTokens: tokens.output_tokens };
}

function verdict({ stopReason }: PromptResponse, lastWords: string): CliEvent {
  switch (stopReason) {
    case 'end_turn':
      return { kind: 'success', text: lastWords === '' ? null : lastWords };
    case 'max_tokens':
      return { kind: 'failure', text: 'It stopped: its answer grew too long.' };
    case 'max_turn_requests':
      return { kind: 'failure', text: 'It stopped: it asked its model too often.' };
    case 'refusal':
      return { kind: 'failure', text: 'It refused to go on.' };
    case 'cancelled':
      return { kind: 'failure', text: 'It was cancelled.' };
    default:
      return {
        kind: 'failure',
        text: `It stopped for a reason unknown here: ${String(stopReason)}`,
      };
  }
}
