/**
 * OpenAI's responses, as Codex asks for them. Tools stand at the top of a request or, for newer
 * models, in items of its input, and in namespaces, one for each MCP server; here such a tool is
 * called `namespace.tool`. A tool whose input is plain text takes it as `{text}`.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { sse, textsIn } from './model-events.ts';
import type { Dialect, Reply, Turn } from './turn.ts';

const TOOL = z.looseObject({ type: z.string(), name: z.string().optional() });
const TOOLS = z.array(TOOL.extend({ tools: z.array(TOOL).optional() })).default([]);
const ITEM = z.looseObject({ type: z.string().default('message'), tools: TOOLS });
const BODY = z.looseObject({
  instructions: z.string().optional(),
  tools: TOOLS,
  input: z.array(ITEM),
});

function read(raw: unknown): Turn {
  const { instructions, tools, input } = BODY.parse(raw);
  const results = input.filter(isResult);
  const others = input.filter((item) => !isResult(item) && item.type !== 'additional_tools');
  return {
    client: 'codex',
    tools: [tools, ...input.map((item) => item.tools)].flatMap(namesOf),
    shown: textsIn([instructions, others]).join('\n'),
    results: results.map(({ output, tools: found }) => textsIn([output, found]).join('\n')),
  };
}

function isResult({ type }: z.infer<typeof ITEM>): boolean {
  return type.endsWith('_output');
}

function namesOf(tools: z.infer<typeof TOOLS>): string[] {
  return tools.flatMap(({ type, name = type, tools: inside }) =>
    inside === undefined ? [name] : inside.map((tool) => `${name}.${tool.name}`),
  );
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

interface Call {
  tool: string;
  input: Record<string, unknown>;
}

function call({ tool, input }: Call): Record<string, unknown> {
  const call_id = `call_${randomUUID()}`;
  if (tool === 'tool_search')
    return { type: 'tool_search_call', call_id, execution: 'client', arguments: input };
  const dot = tool.lastIndexOf('.');
  const name = tool.slice(dot + 1);
  const named = dot < 0 ? { call_id, name } : { call_id, name, namespace: tool.slice(0, dot) };
  return Object.keys(input).join() === 'text'
    ? { type: 'custom_tool_call', ...named, input: input['text'] }
    : { type: 'function_call', ...named, arguments: JSON.stringify(input) };
}

export const codex: Dialect = {
  asksTurn: (request) => /^POST \/v1\/responses(\?|$)/.test(request),
  read,
  write,
};
