/**
 * GitHub Copilot CLI: `copilot --output-format json`, the prompt on stdin.
 *
 * It may edit files in the place of work (`--allow-tool write`) and asks nobody
 * (`--no-ask-user`); commands and the network need more, behind `--`, for example
 * `-- --allow-tool 'shell(npm test)'`. Written after what version 1.0.102 prints: JSON lines of
 * `{type, data}`, and a `result` of its own at the end. Some versions tell output tokens with each
 * answer, some more in `assistant.usage`, some nothing at all.
 */
import { z } from 'zod';
import { fromJson, read, toolWords, type CliEvent } from './cli-event.ts';
import type { Cli } from './cli.ts';

export const copilot: Cli = {
  kind: 'copilot',
  program: 'copilot',
  args: ({ extra }) => [
    '--output-format',
    'json',
    '--no-ask-user',
    '--no-auto-update',
    '--allow-tool',
    'write',
    ...extra,
  ],
  input: 'prompt',
  translator: () => {
    const heard: Heard = { lastWords: null, hasFailed: false, usages: 0 };
    return fromJson((event) => {
      const data = read(z.looseObject({}), event['data']) ?? {};
      switch (event['type']) {
        case 'assistant.message':
          return said(data, heard, isRoot(event));
        case 'tool.execution_start':
          return [{ kind: 'tool', text: toolOf(data) }];
        case 'assistant.usage':
          return spent(data, ++heard.usages);
        case 'session.error':
          heard.hasFailed = true;
          return failed(data);
        case 'result':
          return ended(event, heard);
        default:
          return [];
      }
    });
  },
};

interface Heard {
  lastWords: string | null;
  hasFailed: boolean;
  usages: number;
}

const Text = z.string();

/** What a subagent says carries its id; it is not the answer. */
function isRoot({ agentId }: Record<string, unknown>): boolean {
  return agentId === undefined || agentId === null;
}

const Message = z.looseObject({
  messageId: z.string(),
  content: z.string().default(''),
  model: z.string().optional(),
  outputTokens: z.number().optional(),
  parentToolCallId: z.string().nullish(),
});

function said(data: Record<string, unknown>, heard: Heard, isOfRoot: boolean): CliEvent[] {
  const message = read(Message, data);
  if (message === undefined) return [];
  const { messageId: reply, content: text, model, outputTokens } = message;
  const isAnswer = isOfRoot && (message.parentToolCallId ?? null) === null && text.trim() !== '';
  if (isAnswer) heard.lastWords = text;
  const words: CliEvent[] = isAnswer ? [{ kind: 'words', text }] : [];
  // Both are about the same tokens; the one that tells more counts.
  const isTold = outputTokens !== undefined && heard.usages === 0;
  const its = { ...(isTold ? { outputTokens } : {}), ...(model === undefined ? {} : { model }) };
  return [...words, { kind: 'spent', reply, spent: its }];
}

function toolOf({ toolName, arguments: input }: Record<string, unknown>): string {
  return toolWords(read(Text, toolName) ?? 'a tool', input);
}

const Usage = z.looseObject({
  model: z.string().optional(),
  inputTokens: z.number().default(0),
  cacheReadTokens: z.number().default(0),
  outputTokens: z.number().default(0),
});

function spent(data: Record<string, unknown>, number: number): CliEvent[] {
  const usage = read(Usage, data);
  if (usage === undefined) return [];
  const { model, inputTokens, cacheReadTokens: cachedInputTokens, outputTokens } = usage;
  const tokens = { inputTokens, cachedInputTokens, outputTokens };
  const found = { ...tokens, ...(model === undefined ? {} : { model }) };
  const forget: CliEvent[] = number === 1 ? [{ kind: 'spent', reply: null, spent: {} }] : [];
  return [...forget, { kind: 'spent', reply: `usage ${number}`, spent: found }];
}

const LIMITS: readonly unknown[] = ['rate_limit', 'quota'];

function failed({ message, errorType }: Record<string, unknown>): CliEvent[] {
  const text = read(Text, message) ?? 'It gives no reason.';
  const limit: CliEvent[] = LIMITS.includes(errorType) ? [{ kind: 'limit', untilMs: null }] : [];
  return [...limit, { kind: 'failure', text }];
}

function ended({ exitCode }: Record<string, unknown>, heard: Heard): CliEvent[] {
  if (exitCode === 0) return [{ kind: 'success', text: heard.lastWords }];
  if (heard.hasFailed) return [];
  return [{ kind: 'failure', text: `It says that it failed, with code ${String(exitCode)}.` }];
}
