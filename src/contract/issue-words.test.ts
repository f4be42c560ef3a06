import { expect, test } from 'vitest';
import { z } from 'zod';
import { issueWords } from './issue-words.ts';

test.each([
  [z.string().max(200), 'a'.repeat(201), 'at most 200 characters'],
  [z.string().min(1), '', 'at least 1 character'],
  [z.array(z.int()).max(2), [1, 2, 3], 'at most 2 items'],
  [z.int().max(50_000), 50_001, 'at most 50,000'],
  [z.number().positive(), 0, 'more than 0'],
  [z.string().min(1, 'it is empty'), '', 'it is empty'],
  [z.string(), undefined, 'is missing'],
  [z.string(), 5, 'expected string, received number'],
  [z.strictObject({}), { a: 1 }, 'Unrecognized key: "a"'],
])('what is wrong is said in plain words (%#)', (schema: z.ZodType, value, words) => {
  const [issue] = schema.safeParse(value).error?.issues ?? [];
  expect(issue && issueWords(issue)).toBe(words);
});
