/** Which lines of an agent are messages, and which answers were asked for. */
import { expect, test } from 'vitest';
import { createMessages } from './acp-messages.ts';

test('an answer is taken once, and only where its question was written', async () => {
  const messages = createMessages();
  const answer = '{"jsonrpc":"2.0","id":0,"result":{}}';
  expect(messages.take(answer)).toBeNull();
  const written: string[] = [];
  const send = (line: string): boolean => written.push(line) > 0;
  const writer = messages.writable(send).getWriter();
  await writer.write({ jsonrpc: '2.0', id: 0, method: 'initialize' });
  await writer.write({ jsonrpc: '2.0', method: 'session/cancel' });
  expect(written.join('')).toContain('"initialize"}\n');
  for (const id of ['"0"', '1', 'null', '{}', '"\u009b"']) {
    expect(messages.take(`{"jsonrpc":"2.0","id":${id},"result":{}}`)).toBeNull();
  }
  expect(messages.take('{"jsonrpc":"2.0","result":{}}')).toBeNull();
  expect(messages.take(answer)).toEqual([]);
  expect(messages.take(answer)).toBeNull();
  expect(messages.take('{"jsonrpc":"2.0","id":7,"method":"x"}')).toEqual([]);
});
