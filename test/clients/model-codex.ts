/**
 * OpenAI's responses, as Codex asks for them. The tools of one MCP server stand in a namespace of
 * their own; here such a tool is called `namespace.tool`. A tool whose input is plain text takes
 * it as `{text}`.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { sse, textsIn } from './model-events.ts';
import type { Dialect, Reply, Turn } from './model.ts';

const TOOL = z.looseObject({ type: z.string(), name: z.string().optional() });
const ITEM = z.looseObject({ type: z.string().optional(), output: z.unknown().optional() });
const BODY = z.looseObject({
  instructions: z.string().optional(),
  tools: z.array(TOOL.extend({ tools: z.array(TOOL).optional() })).default([]),
  input: z.array(ITEM),
});

function read(raw: unknown): Turn {
  const body = BODY.parse(raw);
  const isResult = ({ type = '' }: z.infer<typeof ITEM>): boolean => type.endsWith('_output');
  return {
    client: 'codex',
    tools: body.tools.flatMap(({ type, name = type, tools }) =>
      tools === undefined ? [name] : tools.map((tool) => `${name}.${tool.name}`),
    ),
    shown: textsIn([body.instructions, body.input.filter((item) => !isResult(item))]).join('\n'),
    results: body.input.filter(isResult).map(({ output }) => textsIn(output).join('\n')),
  };
}

function write(reply: Reply): string {
  const response = { id: `resp_${randomUUID()}`, object: 'response', output: [] };
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  const item = 'say' in reply ? words(reply.say) : call(reply.call);
  return [
    { type: 'response.created', response },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: { ...response, status: 'completed', usage } },
  ]
    .map((event) => sse(event, event.type))
    .join('');
}

function words(text: string): Record<string, unknown> {
  return {
    type: 'message',
    role: 'assistant',
    id: `msg_${randomUUID()}`,
    content: [{ type: 'output_text', text }],
  };
}

function call({ tool, input }: { tool: string; input: Record<string, unknown> }) {
  const call_id = `call_${randomUUID()}`;
  const keys = Object.keys(input);
  if (keys.length === 1 && keys[0] === 'text')
    return { type: 'custom_tool_call', call_id, name: tool, input: input.text };
  const dot = tool.lastIndexOf('.');
  const name = tool.slice(dot + 1);
  const namespace = dot < 0 ? {} : { namespace: tool.slice(0, dot) };
  return { type: 'function_call', call_id, name, ...namespace, arguments: JSON.stringify(input) };
}

export const codex: Dialect = {
  asksTurn: (request) => /^POST \/v1\/responses(\?|$)/.test(request),
  read,
  write,
};
