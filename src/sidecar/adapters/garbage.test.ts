/** Whatever a CLI prints, what is made of it is something that the hub takes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { workOperations } from '../../contract/index.ts';
import type { Progress } from '../adapter.ts';
import { AttemptRecord } from '../record.ts';
import { aider } from './aider.ts';
import { claude } from './claude.ts';
import type { Cli } from './cli.ts';
import { codex } from './codex.ts';
import { copilot } from './copilot.ts';
import { gemini } from './gemini.ts';
import { createOutput } from './output.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 11, 10, 30);
const HELD = { taskId: `tsk_${'0'.repeat(21)}`, fence: 1 };
const CLIS: Cli[] = [aider, claude, codex, copilot, gemini];

/** One event of each kind that means something, with the fields that are read. */
const EVENTS: object[] = [
  { type: 'system', subtype: 'init', model: 'm' },
  {
    type: 'assistant',
    message: {
      id: '1',
      model: 'm',
      usage: { input_tokens: 1, cache_read_input_tokens: 1, output_tokens: 1 },
      content: [
        { type: 'text', text: 'words' },
        { type: 'tool_use', name: 'Write', input: {} },
      ],
    },
  },
  { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt: 1 } },
  {
    type: 'result',
    is_error: true,
    status: 'error',
    result: 'rate limit',
    exitCode: 1,
    error: { message: 'rate limit' },
    total_cost_usd: 1,
    usage: { input_tokens: 1, output_tokens: 1 },
    stats: { input_tokens: 1, cached: 1, output_tokens: 1 },
    modelUsage: { m: { inputTokens: 1, outputTokens: 1, contextWindow: 1 } },
  },
  { type: 'result', subtype: 'success', status: 'success', result: 'done', exitCode: 0 },
  { type: 'item.started', item: { type: 'command_execution', command: 'ls' } },
  { type: 'item.completed', item: { type: 'agent_message', text: 'words' } },
  { type: 'turn.completed', usage: { input_tokens: 1, cached_input_tokens: 1, output_tokens: 1 } },
  { type: 'turn.failed', error: { message: 'usage limit' } },
  { type: 'init', model: 'm' },
  { type: 'message', role: 'assistant', content: 'words' },
  { type: 'tool_use', tool_name: 'write', parameters: { path: 'a' } },
  { type: 'assistant.message', data: { messageId: '1', content: 'words', outputTokens: 1 } },
  { type: 'assistant.usage', data: { model: 'm', inputTokens: 1, outputTokens: 1 } },
  { type: 'session.error', data: { message: 'quota', errorType: 'quota' } },
];

const number = fc.oneof(
  fc.constantFrom(-1, -0.5, 1.5, 1e11, 1e12, 1e15, 2 ** 53, 1e300, -1e300, 5e-324),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const words = fc.oneof(
  fc.constantFrom('', ' ', '\0', '\ud800', 'a\0b\udc00', 'x'.repeat(5_000), '🦊'.repeat(3_000)),
  fc.constantFrom('usage limit, try again in 99999999999999999999 days', 'quota|9999999999'),
  fc.string({ unit: 'binary' }),
);
const junk = fc.oneof(number, words, fc.constantFrom(null, true, [], {}, [null], [[]]));

/** The value with some of what is in it replaced. */
function spoiled(value: unknown): fc.Arbitrary<unknown> {
  const kept = Array.isArray(value)
    ? fc.tuple(...value.map(spoiled))
    : typeof value === 'object' && value !== null
      ? fc.record(Object.fromEntries(Object.entries(value).map(([k, v]) => [k, spoiled(v)])))
      : fc.oneof(fc.constant(value), typeof value === 'number' ? number : words);
  return fc.oneof({ weight: 12, arbitrary: kept }, { weight: 1, arbitrary: junk });
}

const event = fc
  .constantFrom(...EVENTS)
  .chain((one) =>
    fc
      .record(
        Object.fromEntries(
          Object.entries(one).map(([key, value]) => [
            key,
            key === 'type' ? fc.constant(value) : spoiled(value),
          ]),
        ),
      )
      .map((spoilt) => JSON.stringify(spoilt)),
  );
const line = fc.oneof(
  { weight: 8, arbitrary: event },
  { weight: 1, arbitrary: event.map((text) => text.slice(0, text.length / 2)) },
  { weight: 1, arbitrary: words },
  fc.constantFrom(
    'Tokens: 99999999999999999k sent, 1.2.3 received. Cost: $9.9.9 message, $1 session.',
    'Tokens: ,,, sent, ... received. Cost: $... message, $... session.',
    'Model: \u0000',
    'litellm.RateLimitError: \u0000 quota',
  ),
);

test.each(CLIS)('whatever $kind prints, the hub takes what is made of it', (cli) => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.boolean(), (lines, hasFailed) => {
      const heard: Progress[] = [];
      const job = { folder: '/f', onProgress: (news: Progress) => void heard.push(news) };
      const output = createOutput({ name: cli.program, job, translate: cli.translator() });
      output.push(Buffer.from(lines.join('\n')), 'stdout');
      const { told, log } = output.end({ nowMs: NOW_MS, hasFailed });
      for (const { note, use } of heard) {
        const input = { ...HELD, ...(note !== null && { note }), ...(use !== null && { use }) };
        expect(workOperations['task.progress'].input.safeParse(input).error).toBeUndefined();
      }
      const { use, result, failure, limit } = told;
      const report = { ...HELD, log, ...(use && { use }), report: result ?? undefined };
      expect(workOperations['task.complete'].input.safeParse(report).error).toBeUndefined();
      if (failure !== null) {
        const input = { ...HELD, log, reason: `It says: ${failure}` };
        expect(workOperations['task.fail'].input.safeParse(input).error).toBeUndefined();
      }
      const kept = { use, hasAnswer: told.hasAnswer, result };
      const record = { ...kept, limitedUntilMs: limit?.untilMs ?? null };
      expect(AttemptRecord.shape.told.safeParse(record).error).toBeUndefined();
    }),
    { numRuns: 1_500 },
  );
});
