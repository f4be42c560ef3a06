/**
 * The smallest MCP server over stdio: one tool, `knock`, which answers with what it was given and
 * with the environment it was started in. In plain JSON-RPC, so that it shows what a client sends
 * and not what a library makes of it. Every frame is kept in the file of the first argument.
 */
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [, , log = '/dev/null'] = process.argv;

const TOOL = {
  name: 'knock',
  description: 'Knocks at the door.',
  inputSchema: {
    type: 'object',
    properties: { word: { type: 'string' } },
    required: ['word'],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true },
};

interface Frame {
  id?: number | string;
  method?: string;
  params?: { protocolVersion?: string; arguments?: { word?: string } };
}

function resultOf({ method, params }: Frame): unknown {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params?.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'fixture', version: '1.0.0' },
      };
    case 'tools/list':
      return { tools: [TOOL] };
    case 'tools/call':
      return { content: [{ type: 'text', text: `who is there: ${params?.arguments?.word}` }] };
    case 'ping':
      return {};
    default:
      return undefined;
  }
}

appendFileSync(log, `${JSON.stringify({ env: process.env })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  appendFileSync(log, `${line}\n`);
  const frame: Frame = JSON.parse(line);
  if (frame.id === undefined) continue;
  const result = resultOf(frame);
  const error = { code: -32601, message: `no method ${frame.method}` };
  const reply = result === undefined ? { error } : { result };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: frame.id, ...reply })}\n`);
}
