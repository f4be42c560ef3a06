/** Gemini's contents, as Gemini CLI asks for them. */
import { z } from 'zod';
import { sse, textsIn } from './model-events.ts';
import type { Dialect, Reply, Turn } from './turn.ts';

const PART = z.looseObject({ functionResponse: z.unknown().optional() });
const TOOL = z.looseObject({
  functionDeclarations: z.array(z.looseObject({ name: z.string() })).default([]),
});
const BODY = z.looseObject({
  systemInstruction: z.unknown().optional(),
  tools: z.array(TOOL).default([]),
  contents: z.array(z.looseObject({ parts: z.array(PART).default([]) })),
});

function read(raw: unknown): Turn {
  const body = BODY.parse(raw);
  const parts = body.contents.flatMap((content) => content.parts);
  const isResult = (part: z.infer<typeof PART>): boolean => part.functionResponse !== undefined;
  return {
    client: 'gemini',
    tools: body.tools.flatMap((tool) => tool.functionDeclarations.map(({ name }) => name)),
    shown: textsIn([body.systemInstruction, parts.filter((part) => !isResult(part))]).join('\n'),
    results: parts.filter(isResult).map((part) => textsIn(part).join('\n')),
  };
}

function write(reply: Reply): string {
  const part =
    'say' in reply
      ? { text: reply.say }
      : { functionCall: { name: reply.call.tool, args: reply.call.input } };
  return sse({
    candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
  });
}

export const gemini: Dialect = {
  asksTurn: (request) => /^POST \/v1beta\/models\/[^/]+:streamGenerateContent/.test(request),
  read,
  write,
};
