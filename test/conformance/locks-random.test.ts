/**
 * Random schedules beside a model: no two holders of one thing, nobody passed over, nobody
 * forgotten in line, and a circle refused exactly where it would close.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { SignalboxError } from '../../src/contract/index.ts';
import { eachEngine } from '../support/engines.ts';
import { openTestHub, REPOSITORY, type TestHub } from '../support/hub.ts';

const PATHS = ['a', 'b', 'd/x', 'd/*', '**'];
/** Which of them meet, by their places above. */
const MEETS = [
  [1, 0, 0, 0, 1],
  [0, 1, 0, 0, 1],
  [0, 0, 1, 1, 1],
  [0, 0, 1, 1, 1],
  [1, 1, 1, 1, 1],
];
const SESSIONS = ['s0', 's1', 's2', 's3'];
const LEASE_MS = 60_000;

interface Held {
  id: string;
  session: string;
  paths: number[];
  isShared: boolean;
  isGranted: boolean;
}

/** What should be so, told in the plainest way. */
class Model {
  line: Held[] = [];
  readonly seenAtMs = new Map<string, number>();

  blockers(of: Held): Held[] {
    const before = this.line.slice(0, this.line.includes(of) ? this.line.indexOf(of) : undefined);
    const others = this.line.filter(
      (other) =>
        other.session !== of.session &&
        clash(other, of) &&
        (other.isGranted || before.includes(other)),
    );
    return others.filter((other) => other.isGranted || !this.isBehind(other, of.session));
  }

  /** Does it wait for something that this session has? */
  isBehind(other: Held, session: string): boolean {
    return this.line.some((one) => one.isGranted && one.session === session && clash(one, other));
  }

  covering(session: string, paths: number[], isShared: boolean): Held | undefined {
    const own = this.line.filter(
      (one) => one.isGranted && one.session === session && (!one.isShared || isShared),
    );
    // A pattern is covered by itself alone, a path by every pattern that it is one of.
    const isCovered = (path: number): boolean =>
      own.some((one) =>
        one.paths.some((held) => held === path || (path < 3 && MEETS[held]?.[path] === 1)),
      );
    return paths.every(isCovered) ? own[0] : undefined;
  }

  doesClose(request: Held): boolean {
    const seen = new Set<string>();
    const open = this.blockers(request).map(({ session }) => session);
    while (open.length > 0) {
      const session = open.pop() ?? '';
      if (session === request.session) return true;
      if (seen.has(session)) continue;
      seen.add(session);
      const waiting = this.line.filter((one) => one.session === session && !one.isGranted);
      open.push(...waiting.flatMap((one) => this.blockers(one).map((other) => other.session)));
    }
    return false;
  }

  settle(): void {
    for (;;) {
      const next = this.line.find((one) => !one.isGranted && this.blockers(one).length === 0);
      if (next === undefined) return;
      next.isGranted = true;
    }
  }

  end(isGone: (one: Held) => boolean): void {
    this.line = this.line.filter((one) => !isGone(one));
    this.settle();
  }
}

function clash(a: Held, b: Held): boolean {
  if (a.isShared && b.isShared) return false;
  return a.paths.some((left) => b.paths.some((right) => MEETS[left]?.[right] === 1));
}

const session = fc.nat(SESSIONS.length - 1);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('acquire' as const),
      session,
      paths: fc.uniqueArray(fc.nat(PATHS.length - 1), { minLength: 1, maxLength: 2 }),
      isShared: fc.boolean(),
      wait: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('release' as const), session }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('one' as const), at: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('steal' as const), at: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('pass' as const), session }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function play(hub: TestHub, clients: Client[], steps: readonly Step[]): Promise<void> {
  const model = new Model();
  const touch = (at: number): unknown => model.seenAtMs.set(SESSIONS[at] ?? '', hub.clock.nowMs());
  for (const one of steps) {
    if (one.is === 'pass') {
      await hub.pass(LEASE_MS / 3);
      const nowMs = hub.clock.nowMs();
      const isLapsed = (name: string): boolean =>
        (model.seenAtMs.get(name) ?? 0) + LEASE_MS <= nowMs;
      for (const name of SESSIONS) {
        if (isLapsed(name)) model.end((held) => held.session === name);
      }
    } else if (one.is === 'acquire') await acquire({ model, clients, touch }, one);
    else if (one.is === 'release') {
      const name = SESSIONS[one.session] ?? '';
      await clients[one.session]?.lock.release({ holder: { session: name } });
      model.end((held) => held.session === name);
    } else {
      const held = model.line[one.at % Math.max(1, model.line.length)];
      if (held === undefined || (one.is === 'steal' && !held.isGranted)) continue;
      const owner = clients[SESSIONS.indexOf(held.session)];
      if (one.is === 'one') {
        await owner?.lock.release({ holder: { session: held.session }, id: held.id });
      } else await clients.at(-1)?.lock.steal({ id: held.id, reason: 'x' });
      model.end((other) => other === held);
    }
    await compare(model, clients);
  }
}

interface Played {
  model: Model;
  clients: Client[];
  touch: (at: number) => unknown;
}

type Acquire = Extract<Step, { is: 'acquire' }>;

async function acquire({ model, clients, touch }: Played, one: Acquire): Promise<void> {
  const name = SESSIONS[one.session] ?? '';
  const { paths, isShared, wait } = one;
  const request: Held = { id: '', session: name, paths, isShared, isGranted: false };
  const input = {
    holder: { session: name },
    items: paths.map((path) => ({ path: PATHS[path] ?? '', repository: REPOSITORY })),
    mode: isShared ? ('shared' as const) : ('exclusive' as const),
    wait,
    leaseMs: LEASE_MS,
  };
  const answer = await clients[one.session]?.lock.acquire(input).catch((error: unknown) => {
    if (error instanceof SignalboxError && error.code === 'conflict') return error;
    throw error;
  });
  touch(one.session);
  const isKept = model.covering(name, paths, isShared) !== undefined;
  const isFree = isKept || model.blockers(request).length === 0;
  const standing = model.line.find(
    (held) =>
      !held.isGranted &&
      held.session === name &&
      held.isShared === isShared &&
      new Set(held.paths).symmetricDifference(new Set(paths)).size === 0,
  );
  const isClosing = !isFree && standing === undefined && model.doesClose(request);
  const isRefused = !isFree && (!wait || isClosing);
  expect(answer instanceof SignalboxError, `${name} asks for ${paths.join()}`).toBe(isRefused);
  if (answer instanceof SignalboxError) {
    if (wait) expect(answer.details).toHaveProperty('cycle');
    return;
  }
  if (isKept || (!isFree && standing !== undefined)) return;
  model.line.push({ ...request, id: answer?.lock.id ?? '', isGranted: isFree });
  model.settle();
}

async function compare(model: Model, clients: Client[]): Promise<void> {
  const { items } = (await clients[0]?.lock.list({ limit: 200 })) ?? { items: [] };
  const found = items.map(({ id, state }) => `${id} ${state}`).toSorted();
  const expected = model.line.map(
    ({ id, isGranted }) => `${id} ${isGranted ? 'granted' : 'waiting'}`,
  );
  expect(found).toEqual(expected.toSorted());
}

eachEngine((engine) => {
  test('what is held and waited for is what a model says', { timeout: 60_000 }, async () => {
    const numRuns = engine === 'sqlite memory' ? 100 : 6;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }),
        async (steps) => {
          const hub = await openTestHub(engine);
          const names = ['ada', 'ada', 'bob', 'carol'];
          const clients = await Promise.all(names.map((name) => hub.as(name)));
          clients.push(await hub.as('pat', 'operator'));
          await play(hub, clients, steps);
          await hub.close();
        },
      ),
      { numRuns },
    );
  });
});
