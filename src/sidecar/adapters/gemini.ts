/**
 * Gemini CLI: `gemini --output-format stream-json`, the prompt on stdin.
 *
 * It may edit files by itself (`--approval-mode auto_edit`) and runs no commands unless what stands
 * behind `--` allows it. `--skip-trust` is given because each attempt works in a new folder, which
 * nobody has marked as trusted, and in a folder that is not trusted no edit is approved; so
 * settings in the repository (`.gemini/`) count as they do for a person who trusts it. Written
 * after what version 0.61.0 prints.
 */
import { z } from 'zod';
import { fromJson, read, toolWords, type CliEvent } from './cli-event.ts';
import type { Cli } from './cli.ts';

export const gemini: Cli = {
  kind: 'gemini',
  program: 'gemini',
  args: ({ extra }) => [
    '--output-format',
    'stream-json',
    '--approval-mode',
    'auto_edit',
    '--skip-trust',
    ...extra,
  ],
  input: 'prompt',
  translator: () => {
    // Its words come in pieces; they are told as one when it does something else.
    let words = '';
    const spoken = (): CliEvent[] => {
      const text = words;
      words = '';
      return text.trim() === '' ? [] : [{ kind: 'words', text }];
    };
    return fromJson((event) => {
      switch (event['type']) {
        case 'init':
          return model(event['model']);
        case 'message':
          if (event['role'] === 'assistant') {
            words = (words + (read(z.string(), event['content']) ?? '')).slice(-WORDS_CHARS_MAX);
          }
          return [];
        case 'tool_use':
          return [...spoken(), { kind: 'tool', text: toolOf(event) }];
        case 'error':
          return [...spoken(), ...complaint(event)];
        case 'result': {
          const last = words.trim();
          return [...spoken(), ...ended(event, last)];
        }
        default:
          return [];
      }
    });
  },
};

const WORDS_CHARS_MAX = 64_000;

function model(name: unknown): CliEvent[] {
  if (typeof name !== 'string') return [];
  return [{ kind: 'spent', reply: 'init', spent: { model: name } }];
}

function toolOf({ tool_name: name, parameters }: Record<string, unknown>): string {
  return toolWords(typeof name === 'string' ? name : 'a tool', parameters);
}

function complaint({ message }: Record<string, unknown>): CliEvent[] {
  return typeof message === 'string' ? [{ kind: 'words', text: message }] : [];
}

const Result = z.looseObject({
  status: z.string(),
  error: z.looseObject({ message: z.string() }).optional(),
  stats: z
    .looseObject({
      input_tokens: z.number(),
      cached: z.number().default(0),
      output_tokens: z.number(),
    })
    .optional(),
});

function ended(event: Record<string, unknown>, lastWords: string): CliEvent[] {
  const result = read(Result, event);
  if (result === undefined) return [];
  const { stats, error } = result;
  const verdict: CliEvent =
    result.status === 'success'
      ? { kind: 'success', text: lastWords === '' ? null : lastWords }
      : { kind: 'failure', text: error?.message ?? 'It gives no reason.' };
  if (stats === undefined) return [verdict];
  const spent = {
    inputTokens: stats.input_tokens,
    cachedInputTokens: stats.cached,
    outputTokens: stats.output_tokens,
  };
  return [{ kind: 'spent', reply: null, spent }, verdict];
}
