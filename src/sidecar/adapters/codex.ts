/**
 * Codex: `codex exec --json`, the prompt on stdin.
 *
 * It works in its own sandbox (`--sandbox workspace-write`): it reads everything, writes only in
 * the place of work, has no network, and asks nobody. `--skip-git-repo-check` lets it work where a
 * task has no repository. Written after what version 0.169.0 prints.
 */
import { z } from 'zod';
import { parsedJson } from '../../core/json.ts';
import { fromJson, read, toolWords, type CliEvent } from './cli-event.ts';
import type { Cli } from './cli.ts';

export const codex: Cli = {
  kind: 'codex',
  program: 'codex',
  args: ({ extra }) => [
    'exec',
    '--json',
    '--sandbox',
    'workspace-write',
    '--skip-git-repo-check',
    ...extra,
    '-',
  ],
  input: 'prompt',
  translator: () => {
    let lastWords: string | null = null;
    return fromJson((event) => {
      switch (event['type']) {
        case 'item.started':
          return begun(event['item']);
        case 'item.completed': {
          const events = completed(event['item']);
          lastWords = events.find(({ kind }) => kind === 'words')?.text ?? lastWords;
          return events;
        }
        case 'turn.completed':
          return [...spent(event['usage']), { kind: 'success', text: lastWords }];
        case 'turn.failed':
          return [{ kind: 'failure', text: wordsOf(read(Failure, event['error'])?.message) }];
        case 'error':
          return [{ kind: 'failure', text: wordsOf(event['message']) }];
        default:
          return [];
      }
    });
  },
};

const Item = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  message: z.string().optional(),
  command: z.string().optional(),
  query: z.string().optional(),
  server: z.string().optional(),
  tool: z.string().optional(),
  changes: z.array(z.looseObject({ path: z.string(), kind: z.string() })).optional(),
});

function begun(item: unknown): CliEvent[] {
  const { type, command, query, server, tool, changes } = read(Item, item) ?? {};
  switch (type) {
    case 'command_execution':
      return [{ kind: 'tool', text: toolWords('run', { command }) }];
    case 'file_change':
      return [{ kind: 'tool', text: `edit ${changes?.map(({ path }) => path).join(' ') ?? ''}` }];
    case 'mcp_tool_call':
      return [{ kind: 'tool', text: `${server ?? ''} ${tool ?? ''}`.trim() }];
    case 'web_search':
      return [{ kind: 'tool', text: toolWords('search', { query }) }];
    default:
      return [];
  }
}

function completed(item: unknown): { kind: 'words'; text: string }[] {
  const { type, text, message } = read(Item, item) ?? {};
  if (type === 'agent_message' && text !== undefined) return [{ kind: 'words', text }];
  if (type === 'error' && message !== undefined) return [{ kind: 'words', text: message }];
  return [];
}

const Failure = z.looseObject({ message: z.string() });
const Wrapped = z.looseObject({ error: Failure });

/** The vendor's answer to a request stands in the message as it came, mostly JSON. */
function wordsOf(message: unknown): string {
  const text = typeof message === 'string' ? message : 'It gives no reason.';
  return read(Wrapped, parsedJson(text))?.error.message ?? text;
}

const Usage = z.looseObject({
  input_tokens: z.number(),
  cached_input_tokens: z.number().default(0),
  output_tokens: z.number(),
});

/** Of the whole thread so far; its input counts what was cached too. */
function spent(usage: unknown): CliEvent[] {
  const found = read(Usage, usage);
  if (found === undefined) return [];
  const total = {
    inputTokens: found.input_tokens,
    cachedInputTokens: found.cached_input_tokens,
    outputTokens: found.output_tokens,
  };
  return [{ kind: 'spent', reply: null, spent: total }];
}
