/**
 * The real hub under random schedules, beside a model of a mailbox that is as simple as the promise:
 * ada sends, bob reads, takes, acknowledges, gives back and gives up, time goes on, dead letters are
 * put back. After each step both must say the same of every letter.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { createClient, localTransport } from '../../src/client/index.ts';
import {
  type DeliveryState,
  type InboxItem,
  limits,
  type Priority,
  SignalboxError,
} from '../../src/contract/index.ts';
import { sql } from '../../src/store/sql.ts';
import { openTestHub, type TestHub } from '../support/hub.ts';

const PRIORITIES = ['urgent', 'high', 'normal', 'low'] as const;
const LEASE_MS = 2_000;

type Action =
  | { do: 'send'; thread: string | undefined; priority: Priority; isSignal: boolean; ttl: boolean }
  | { do: 'receive'; limit: number }
  | { do: 'read' | 'ackUpTo' }
  | { do: 'ack' | 'nack' | 'term' | 'progress' | 'redrive' | 'answer'; which: number; old: boolean }
  | { do: 'pass'; ms: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      thread: fc.constantFrom(undefined, 'a', 'b'),
      priority: fc.constantFrom(...PRIORITIES),
      isSignal: fc.boolean(),
      ttl: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('receive' as const),
      limit: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('read', 'ackUpTo') }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('ack', 'nack', 'nack', 'nack', 'term', 'progress', 'redrive', 'answer'),
      which: fc.nat({ max: 9 }),
      old: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 500, LEASE_MS, 5_000),
    }),
  },
);

interface Letter {
  id: string;
  seq: number;
  thread: string | undefined;
  rank: number;
  isSignal: boolean;
  state: DeliveryState;
  handOuts: number;
  failures: number;
  isOffered: boolean;
  leaseUntilMs: number;
  expiresAtMs: number;
  receipts: string[];
}

interface Play {
  hub: TestHub;
  ada: Client;
  bob: Client;
  letters: Letter[];
  lastSeq: number;
}

const isOpen = ({ state }: Letter): boolean => state === 'pending' || state === 'leased';

async function begin(): Promise<Play> {
  const hub = await openTestHub('sqlite memory');
  const of = (name: string) =>
    createClient(localTransport(hub.hub.connect(), hub.hub.credentialOf(name, 'agent')));
  const play = { hub, ada: of('ada'), bob: of('bob'), letters: [], lastSeq: 0 };
  for (const client of [play.ada, play.bob]) await client.message.read();
  return play;
}

function fail(letter: Letter): void {
  letter.failures += 1;
  const isSpent =
    letter.failures >= limits.messageFailuresMax || letter.handOuts >= limits.messageHandOutsMax;
  letter.state = letter.isSignal && isSpent ? 'dead' : 'pending';
}

/** First in each thread of a sender; of those the most urgent, then the oldest. */
function nextOf(waiting: readonly Letter[]): Letter | undefined {
  const thread = ({ thread: name }: Letter): string => name ?? 'none';
  const firsts = waiting.filter(
    (one) => !waiting.some((other) => thread(other) === thread(one) && other.seq < one.seq),
  );
  return firsts.toSorted((a, b) => a.rank - b.rank || a.seq - b.seq)[0];
}

async function step(play: Play, done: Action): Promise<void> {
  switch (done.do) {
    case 'send':
      return send(play, done);
    case 'receive':
      return receive(play, done.limit);
    case 'read': {
      const { items } = await play.bob.message.read({ limit: limits.pageMax });
      const shown = play.letters.filter(({ state }) => state === 'pending');
      expect(items.map(({ cursor }) => cursor)).toEqual(seqs(shown));
      for (const letter of shown) letter.isOffered = true;
      return;
    }
    case 'ackUpTo': {
      if (play.lastSeq === 0) return;
      const { count } = await play.bob.message.ack({ upTo: play.lastSeq });
      const acked = play.letters.filter((letter) => isOpen(letter) && letter.isOffered);
      expect(count).toBe(acked.length);
      for (const letter of acked) letter.state = 'acked';
      return;
    }
    case 'pass':
      return pass(play, done.ms);
    default:
      return report(play, done);
  }
}

const seqs = (letters: readonly Letter[]): number[] =>
  letters.map(({ seq }) => seq).toSorted((a, b) => a - b);

async function send(play: Play, { thread, priority, isSignal, ttl }: Action & { do: 'send' }) {
  const ttlMs = ttl ? 8_000 : undefined;
  const more = { ...(thread && { thread }), ...(ttlMs && { ttlMs }) };
  const { id } = await play.ada.message.send({ to: { agent: 'bob' }, priority, isSignal, ...more });
  play.lastSeq += 1;
  play.letters.push({
    id,
    seq: play.lastSeq,
    thread,
    rank: PRIORITIES.indexOf(priority),
    isSignal,
    state: 'pending',
    handOuts: 0,
    failures: 0,
    isOffered: false,
    leaseUntilMs: 0,
    expiresAtMs: ttlMs === undefined ? Infinity : play.hub.clock.nowMs() + ttlMs,
    receipts: [],
  });
}

async function receive(play: Play, limit: number): Promise<void> {
  const { items } = await play.bob.message.receive({ limit, leaseMs: LEASE_MS });
  const waiting = play.letters.filter(({ state }) => state === 'pending');
  const expected: Letter[] = [];
  for (let next = nextOf(waiting); next !== undefined && expected.length < limit;) {
    expected.push(next);
    waiting.splice(waiting.indexOf(next), 1);
    next = nextOf(waiting);
  }
  expect(items.map(({ message }) => message.id)).toEqual(expected.map(({ id }) => id));
  for (const [index, letter] of expected.entries()) take(play, letter, items[index]);
}

function take({ hub }: Play, letter: Letter, item: InboxItem | undefined): void {
  letter.state = 'leased';
  letter.handOuts += 1;
  letter.isOffered = true;
  letter.leaseUntilMs = hub.clock.nowMs() + LEASE_MS;
  expect(item?.isRedelivered).toBe(letter.handOuts > 1);
  expect(letter.receipts).not.toContain(item?.receipt);
  letter.receipts.push(item?.receipt ?? '');
}

/** What one call says of one letter, with its last receipt or with an older one. */
async function report(play: Play, done: Action & { which: number; old: boolean }): Promise<void> {
  const letter = play.letters[done.which % Math.max(1, play.letters.length)];
  if (letter === undefined) return;
  const { id, receipts } = letter;
  const receipt = (done.old ? receipts[0] : receipts.at(-1)) ?? 'rcp_none';
  const isHeld = receipt === receipts.at(-1) && letter.state === 'leased';
  const { bob, ada } = play;
  switch (done.do) {
    case 'ack': {
      const { count } = await bob.message.ack({ ids: [id] });
      expect(count).toBe(isOpen(letter) ? 1 : 0);
      if (isOpen(letter)) letter.state = 'acked';
      return;
    }
    case 'answer':
      await bob.message.send({ to: { agent: 'ada' }, replyTo: id });
      if (isOpen(letter)) letter.state = 'acked';
      return;
    case 'nack':
      if (await isTaken(bob.message.nack({ id, receipt }), isHeld)) fail(letter);
      return;
    case 'progress':
      if (await isTaken(bob.message.progress({ id, receipt, leaseMs: LEASE_MS * 2 }), isHeld)) {
        letter.leaseUntilMs = play.hub.clock.nowMs() + LEASE_MS * 2;
      }
      return;
    case 'term':
      // What waits may be given up with the receipt that a read showed; here only what is held is.
      if (!isHeld) return;
      await bob.message.term({ id, receipt, reason: 'no' });
      letter.state = 'dead';
      return;
    case 'redrive':
      if (!(await isTaken(ada.message.redrive({ id }), letter.state === 'dead'))) return;
      play.lastSeq += 1;
      Object.assign(letter, { seq: play.lastSeq, state: 'pending', handOuts: 0, failures: 0 });
      letter.expiresAtMs = Infinity;
      return;
    default:
  }
}

/** Whether it was carried out, which must be as the model says. */
async function isTaken(call: Promise<unknown>, isExpected: boolean): Promise<boolean> {
  const code = await call.then(
    () => 'done',
    (error: unknown) => (error instanceof SignalboxError ? error.code : String(error)),
  );
  expect(code).toBe(isExpected ? 'done' : 'conflict');
  return isExpected;
}

async function pass({ hub, letters }: Play, ms: number): Promise<void> {
  await hub.pass(ms);
  const nowMs = hub.clock.nowMs();
  for (const letter of letters.filter(isOpen)) {
    if (letter.expiresAtMs <= nowMs) letter.state = 'expired';
    else if (letter.state === 'leased' && letter.leaseUntilMs <= nowMs) fail(letter);
  }
}

async function compare({ hub, letters, lastSeq }: Play): Promise<void> {
  const rows = await hub.store.read.all(sql`
    select message_id as id, seq, state, hand_outs as "handOuts", failures from deliveries
    where recipient_key = 'bob' order by seq`);
  const expected = letters
    .toSorted((a, b) => a.seq - b.seq)
    .map(({ id, seq, state, handOuts, failures }) => ({ id, seq, state, handOuts, failures }));
  expect(rows).toEqual(expected);
  const boxes = await hub.store.read.all(sql`
    select last_seq, open_count from mailboxes where key = 'bob'`);
  const box = { last_seq: lastSeq, open_count: letters.filter(isOpen).length };
  expect(boxes).toEqual(lastSeq === 0 ? [] : [box]);
}

test('the hub and the model say the same of every letter', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 60 }), async (actions) => {
      const play = await begin();
      for (const one of actions) {
        await step(play, one);
        await compare(play);
      }
      await play.hub.close();
    }),
    { numRuns: 150 },
  );
});
