/** Anthropic's messages, as Claude Code asks for them. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { sse, textsIn } from './model-events.ts';
import type { Dialect, Reply, Turn } from './turn.ts';

const BODY = z.looseObject({
  model: z.string(),
  system: z.unknown().optional(),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
});

const BLOCKS = z.array(z.looseObject({ type: z.string(), content: z.unknown().optional() }));

function read(raw: unknown): Turn {
  const body = BODY.parse(raw);
  const blocks = body.messages.flatMap(({ content }) => {
    const parsed = BLOCKS.safeParse(content);
    return parsed.success ? parsed.data : [{ type: 'text', text: content }];
  });
  const isResult = ({ type }: { type: string }): boolean => type === 'tool_result';
  return {
    client: 'claude',
    tools: body.tools.map(({ name }) => name),
    shown: textsIn([body.system, blocks.filter((block) => !isResult(block))]).join('\n'),
    results: blocks.filter(isResult).map(({ content }) => textsIn(content).join('\n')),
  };
}

function write(reply: Reply): string {
  const message = {
    id: `msg_${randomUUID()}`,
    type: 'message',
    role: 'assistant',
    model: 'claude-scripted',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  };
  const { block, delta, stop } = 'say' in reply ? words(reply.say) : call(reply.call);
  return [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: stop, stop_sequence: null },
      usage: { output_tokens: 1 },
    },
    { type: 'message_stop' },
  ]
    .map((event) => sse(event, event.type))
    .join('');
}

type Parts = Record<'block' | 'delta', Record<string, unknown>> & { stop: string };

function words(text: string): Parts {
  return {
    block: { type: 'text', text: '' },
    delta: { type: 'text_delta', text },
    stop: 'end_turn',
  };
}

function call({ tool, input }: { tool: string; input: Record<string, unknown> }): Parts {
  return {
    block: { type: 'tool_use', id: `toolu_${randomUUID()}`, name: tool, input: {} },
    delta: { type: 'input_json_delta', partial_json: JSON.stringify(input) },
    stop: 'tool_use',
  };
}

export const claude: Dialect = {
  asksTurn: (request) => /^POST \/v1\/messages(\?|$)/.test(request),
  read,
  write,
};
