import { expect, test } from 'vitest';
import { messageWithTrailers } from './message.ts';

test.each([
  ['Do it', { Task: 't' }, 'Do it\n\nTask: t\n'],
  [
    'Do it\n\nBecause.\n',
    { Task: 't', Agent: 'ada' },
    'Do it\n\nBecause.\n\nTask: t\nAgent: ada\n',
  ],
  ['Do it\n\nSigned-off-by: A <a@b>', { Task: 't' }, 'Do it\n\nSigned-off-by: A <a@b>\nTask: t\n'],
  ['fix: this', { Task: 't' }, 'fix: this\n\nTask: t\n'],
  ['', { Task: 't' }, 'Changes\n\nTask: t\n'],
  ['Do\0 it\r\nnow', {}, 'Do it\nnow\n'],
  ['Do it', { 'My Key:': 'a\nInjected: b', None: ' \n' }, 'Do it\n\nMy-Key-: a Injected: b\n'],
])('%j with %j', (message, trailers, expected) => {
  expect(messageWithTrailers(message, trailers)).toBe(expected);
});
