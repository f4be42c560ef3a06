/** Files read and written: what comes back, and what bombs and nonsense do not do. */
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { limits, type InboxItem, type Message } from '../contract/index.ts';
import { beginningOf, readLetter, writeLetter, type Letter } from './letter.ts';

function whole(file: string): Letter {
  const reading = readLetter(file);
  if (reading.kind !== 'whole') throw new Error(JSON.stringify(reading));
  return reading.letter;
}

function problem(file: string): string {
  const reading = readLetter(file);
  return reading.kind === 'broken' ? reading.problem : `it is ${reading.kind}`;
}

const ID = `msg_${'0'.repeat(21)}`;

test('front matter says what the name cannot, and other fields become data', () => {
  const file = `---
from: Pulse
type: PIPELINE_TRANSITION
thread: 17
ttl: 2h
signal: true
lead_id: abc-123
data:
  score: 0.8
---

# Over to you
`;
  expect(whole(file)).toEqual({
    from: 'Pulse',
    type: 'PIPELINE_TRANSITION',
    thread: '17',
    ttl: 7_200_000,
    signal: true,
    data: { lead_id: 'abc-123', score: 0.8 },
    hasHead: true,
    text: '# Over to you',
  });
});

test('a file without front matter is its text, also with the ends of lines of other systems', () => {
  expect(whole('# Hello\n')).toEqual({ hasHead: false, text: '# Hello' });
  expect(whole('---\r\ntype: PING\r\n---\r\n\r\nHello\r\n')).toMatchObject({
    type: 'PING',
    text: 'Hello',
  });
  expect(whole('---\n---\nHello')).toMatchObject({ hasHead: true, text: 'Hello' });
});

test('front matter that does not end is not whole yet', () => {
  for (const file of ['---\n', '---\ntype: PING\n', '---\ntype: PING\n--']) {
    expect(readLetter(file)).toEqual({ kind: 'unclosed' });
  }
});

test.each([
  ['an alias', 'a: &a [x]\nb: *a', /alias/i],
  ['a bomb of aliases', bomb(), /alias/i],
  ['deep nesting', `a: ${'['.repeat(30_000)}`, /./],
  ['too much of it', `a: ${'x'.repeat(limits.bridgeHeadCharsMax)}`, /longer/],
  ['a list', '- a\n- b', /./],
  ['text', 'just words', /./],
  ['no YAML', 'a: [', /./],
  ['a name that is none', 'from: ../../etc/passwd', /from/],
  ['a type that is none', 'type: "a b"', /type/],
  ['a length of time that is none', 'ttl: soon', /ttl/],
  ['a number that is none', 'data: {a: .nan}', /data/],
  ['a field twice', 'type: A\ntype: B', /unique/],
])('front matter with %s is refused', (_title, yaml, expected) => {
  expect(problem(`---\n${yaml}\n---\ntext\n`)).toMatch(expected);
});

test('what the parser of YAML would warn of is not written to the terminal', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  const yaml = 'data: {a: !other x, ? {"\u009b2J\u202e": y} : z}\n';
  expect(whole(`---\n${yaml}---\ntext\n`).data).toMatchObject({ a: 'x' });
  // They are told in the turn after.
  await setImmediate();
  expect(warnings).toEqual([]);
});

function bomb(): string {
  const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
  for (let at = 1; at < 10; at++) {
    lines.push(
      `a${at}: &a${at} [${Array(9)
        .fill(`*a${at - 1}`)
        .join()}]`,
    );
  }
  return lines.join('\n');
}

const text = fc.string({ unit: 'binary', maxLength: 200 }).filter((one) => !one.includes('\0'));
const line = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });

const key = line.filter((name) => name !== '__proto__');

/** As the hub gives it: through JSON, which knows no negative zero, and without `__proto__`. */
const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => z.json().parse(JSON.parse(JSON.stringify(value))));

const message: fc.Arbitrary<Message> = fc.record({
  id: fc.constant(ID),
  from: fc.constantFrom('ada', 'FirstResponder', 'no', '1e3', 'null'),
  to: fc.constantFrom<Message['to'][]>({ agent: 'bob' }, { team: 'sales' }),
  type: fc.constantFrom('MESSAGE', 'true', '0x10', 'a:b/c'),
  text: fc.oneof(text, fc.constantFrom('---\n', '\n\n', '---\ntype: X\n---\n', '\r', 'x\r\n')),
  data: fc.option(fc.dictionary(key, json, { maxKeys: 4 })),
  thread: fc.option(line),
  replyTo: fc.option(fc.constant(ID)),
  priority: fc.constantFrom('urgent', 'high', 'normal', 'low'),
  isSignal: fc.boolean(),
  createdAtMs: fc.integer({ min: 0, max: 4e12 }),
  expiresAtMs: fc.option(fc.integer({ min: 0, max: 4e12 })),
});

test('every message comes back from its file as it was', () => {
  fc.assert(
    fc.property(message, (given) => {
      const file = writeLetter(item(given), 'bob');
      expect(file.startsWith(beginningOf(ID))).toBe(true);
      const { thread, replyTo, priority, isSignal, data } = given;
      expect(whole(file)).toEqual({
        id: ID,
        from: given.from,
        to: 'bob',
        type: given.type,
        ...(thread !== null && { thread }),
        ...(replyTo !== null && { replyTo }),
        ...(priority !== 'normal' && { priority }),
        ...(isSignal && { signal: true }),
        ...(data !== null && { data: JSON.parse(JSON.stringify(data)) }),
        hasHead: true,
        text: given.text,
      });
    }),
    { numRuns: 500 },
  );
});

function item(given: Message): InboxItem {
  return {
    message: given,
    cursor: 1,
    receipt: 'r',
    state: 'pending',
    handOuts: 0,
    isRedelivered: true,
    leaseUntilMs: null,
  };
}
