import { expect, test } from 'vitest';
import { SignalboxError } from '../../contract/index.ts';
import { readApiKeys } from './api-keys.ts';

const read = (text: string) => readApiKeys({ COORDINATION_API_KEYS: text });
const KEY = 'k'.repeat(32);

test('a bare key is of the agent of its place, and a named one of its name', () => {
  expect(read(`${KEY}1, ada=${KEY}2 ,,${KEY}3`)).toEqual([
    { agent: 'api-1', key: `${KEY}1` },
    { agent: 'ada', key: `${KEY}2` },
    { agent: 'api-3', key: `${KEY}3` },
  ]);
  expect(read(`${KEY}==`)).toEqual([{ agent: 'api-1', key: `${KEY}==` }]);
  expect(readApiKeys({})).toEqual([]);
});

test.each([
  ['short', 'too short'],
  ['ada=short', 'the key of ada is too short'],
  [`${KEY}ä`, 'no header takes'],
  [`${KEY},${KEY}`, 'the same'],
])('%s is refused, and no key is told', (text, why) => {
  expect(() => read(text)).toThrow(SignalboxError);
  expect(() => read(text)).toThrow(why);
  expect(() => read(text)).not.toThrow(KEY);
});
