/**
 * Claude Code, headless: `claude -p --output-format stream-json --verbose`, the prompt on stdin.
 *
 * It may edit files by itself (`--permission-mode acceptEdits`); what else it may do, such as run
 * commands, is up to the user's own settings and to what stands behind `--`, for example
 * `-- --allowedTools 'Bash(npm test *)'`. Written after what version 2.1.329 prints.
 */
import { z } from 'zod';
import { fromJson, read, toolWords, type CliEvent, type Spent } from './cli-event.ts';
import type { Cli } from './cli.ts';

export const claude: Cli = {
  kind: 'claude',
  program: 'claude',
  args: ({ extra }) => [
    '-p',
    '--output-format',
    'stream-json',
    '--verbose',
    '--permission-mode',
    'acceptEdits',
    ...extra,
  ],
  input: 'prompt',
  translator: () =>
    fromJson((event) => {
      switch (event['type']) {
        case 'system':
          return initial(event);
        case 'assistant':
          return said(event);
        case 'rate_limit_event':
          return limited(event);
        case 'result':
          return ended(event);
        default:
          return [];
      }
    }),
};

const Text = z.string();
const Count = z.number().nullish();

function initial({ subtype, model }: Record<string, unknown>): CliEvent[] {
  const name = read(Text, model);
  if (subtype !== 'init' || name === undefined) return [];
  return [{ kind: 'spent', reply: 'init', spent: { model: name } }];
}

const Usage = z.looseObject({
  input_tokens: Count,
  cache_creation_input_tokens: Count,
  cache_read_input_tokens: Count,
  output_tokens: Count,
});

const Message = z.looseObject({
  id: z.string(),
  model: z.string(),
  usage: Usage.optional(),
  content: z.array(
    z.looseObject({
      type: z.string(),
      text: z.string().optional(),
      name: z.string().optional(),
      input: z.unknown().optional(),
    }),
  ),
});

/** Its own words about an error come as if the model had said them; the result says them again. */
function said({ message, ...event }: Record<string, unknown>): CliEvent[] {
  const spoken = read(Message, message);
  if (spoken === undefined || event['is_api_error_message'] === true) return [];
  const isMain = (event['parent_tool_use_id'] ?? null) === null;
  const events = spoken.content.flatMap(({ type, text, name, input }): CliEvent[] => {
    if (type === 'text' && text !== undefined && isMain) return [{ kind: 'words', text }];
    if (type === 'tool_use' && name !== undefined) {
      return [{ kind: 'tool', text: toolWords(name, input) }];
    }
    return [];
  });
  if (spoken.usage === undefined) return events;
  const spent = spentOf(spoken.usage);
  const window = isMain ? { model: spoken.model, contextTokens: sizeOf(spent) } : {};
  return [...events, { kind: 'spent', reply: spoken.id, spent: { ...spent, ...window } }];
}

function spentOf(
  usage: z.infer<typeof Usage>,
): Required<Pick<Spent, 'inputTokens' | 'cachedInputTokens' | 'outputTokens'>> {
  const cached = usage.cache_read_input_tokens ?? 0;
  const fresh = (usage.input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
  return {
    inputTokens: fresh + cached,
    cachedInputTokens: cached,
    outputTokens: usage.output_tokens ?? 0,
  };
}

function sizeOf({ inputTokens, outputTokens }: ReturnType<typeof spentOf>): number {
  return inputTokens + outputTokens;
}

const LimitInfo = z.looseObject({ status: z.string(), resetsAt: z.number().nullish() });

function limited({ rate_limit_info }: Record<string, unknown>): CliEvent[] {
  const info = read(LimitInfo, rate_limit_info);
  if (info?.status !== 'rejected') return [];
  const atSeconds = info.resetsAt ?? null;
  return [{ kind: 'limit', untilMs: atSeconds === null ? null : atSeconds * 1_000 }];
}

const Result = z.looseObject({
  is_error: z.boolean().default(false),
  subtype: z.string().default(''),
  result: z.string().optional(),
  errors: z.array(z.string()).optional(),
  total_cost_usd: Count,
  usage: Usage.optional(),
  modelUsage: z.record(z.string(), z.unknown()).default({}),
  permission_denials: z.array(z.unknown()).default([]),
});

function ended(event: Record<string, unknown>): CliEvent[] {
  const result = read(Result, event);
  if (result === undefined) return [];
  const text = result.result ?? result.errors?.join('\n');
  const hasFailed = result.is_error || result.subtype.startsWith('error');
  const verdict: CliEvent = hasFailed
    ? { kind: 'failure', text: text ?? result.subtype.replaceAll('_', ' ') }
    : { kind: 'success', text: text ?? null };
  return [...refusals(result.permission_denials), ...totals(result), verdict];
}

const Denial = z.looseObject({ tool_name: z.string(), tool_input: z.unknown().optional() });

function refusals(denials: readonly unknown[]): CliEvent[] {
  const words = denials.flatMap((denial) => {
    const { tool_name: name, tool_input: input } = read(Denial, denial) ?? {};
    return name === undefined ? [] : [`It was not allowed: ${toolWords(name, input)}`];
  });
  return [...new Set(words)].map((text) => ({ kind: 'words', text }));
}

const ModelUsage = z.looseObject({
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheReadInputTokens: z.number().default(0),
  cacheCreationInputTokens: z.number().default(0),
  contextWindow: z.number().optional(),
});

/** Its account of each model is of the whole session; `usage` is only of its last part. */
function totals({ modelUsage, usage, total_cost_usd }: z.infer<typeof Result>): CliEvent[] {
  const models = Object.values(modelUsage).flatMap((one) => read(ModelUsage, one) ?? []);
  const add = (pick: (model: z.infer<typeof ModelUsage>) => number): number =>
    models.reduce((all, model) => all + pick(model), 0);
  const dollars = total_cost_usd ?? null;
  const cost = dollars === null ? {} : { costMicros: dollars * 1_000_000 };
  const window = Math.max(0, ...models.map(({ contextWindow }) => contextWindow ?? 0));
  if (models.length === 0) {
    if (usage === undefined) return [];
    return [{ kind: 'spent', reply: null, spent: { ...spentOf(usage), ...cost } }];
  }
  const cached = add((model) => model.cacheReadInputTokens);
  const spent = {
    inputTokens: add((one) => one.inputTokens + one.cacheCreationInputTokens) + cached,
    cachedInputTokens: cached,
    outputTokens: add((one) => one.outputTokens),
    ...(window === 0 ? {} : { contextTokensMax: window }),
  };
  return [{ kind: 'spent', reply: null, spent: { ...spent, ...cost } }];
}
