/** Cases, pipelines and artifacts, on every engine. */
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { ArtifactName, CaseId, type Event, limits } from '../../src/contract/index.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine, onPostgres, openTestStore, type TestEngine } from '../support/engines.ts';
import { hubOn, openTestHub, refusal, type TestHub, worker } from '../support/hub.ts';

const ID = 'abc-123';
const stages = [
  { name: 'pulse', agent: 'Pulse' },
  { name: 'first', agent: 'FirstResponder' },
  { name: 'build', capability: 'ts', signalType: 'BUILD_PLEASE' },
  { name: 'done' },
];

interface Scene {
  hub: TestHub;
  person: Client;
  ada: Client;
  bob: Client;
}

async function scene(engine: TestEngine): Promise<Scene> {
  const hub = await openTestHub(engine);
  const person = await hub.as('pat', 'operator');
  await person.pipeline.set({ name: 'max', stages });
  return { hub, person, ada: await hub.as('ada'), bob: await hub.as('bob') };
}

const bytes = (content: string) => new Uint8Array(Buffer.from(content));

async function eventsOf(client: Client, subject: string, count: number): Promise<Event[]> {
  let events: Event[] = [];
  await expect
    .poll(async () => {
      events = (await client.event.list({ limit: 1_000, filter: { subject } })).items;
      return events.length;
    })
    .toBe(count);
  return events;
}

eachEngine((engine) => {
  test('a writer that names an old version is refused with the one that is there', async () => {
    const { ada, bob } = await scene(engine);
    expect(await ada.case.put({ id: ID, version: 0, state: { a: 1 } })).toMatchObject({
      version: 1,
    });
    expect(await bob.case.put({ id: ID, version: 1, state: { b: 1 } })).toMatchObject({
      version: 2,
    });
    const late = await refusal(ada.case.put({ id: ID, version: 1, state: { a: 2 } }));
    expect(late).toMatchObject({ code: 'conflict', details: { version: 2 } });
    const twice = await refusal(ada.case.put({ id: ID, version: 0, state: {} }));
    expect(twice.details).toEqual({ version: 2 });
    expect(await ada.case.get({ id: ID })).toMatchObject({
      version: 2,
      state: { b: 1 },
      updatedBy: 'bob',
    });
  });

  test('without a version the last write wins, and the history says so', async () => {
    const { ada, bob, person } = await scene(engine);
    await ada.case.put({ id: ID, state: { a: 1 } });
    await bob.case.put({ id: ID, state: { b: 1 } });
    await ada.case.patch({ id: ID, version: 2, patch: { c: { d: 1 }, b: null } });
    const { items } = await person.case.history({ id: ID });
    expect(
      items.map(({ version, action, actor, basedOn }) => [version, action, actor, basedOn]),
    ).toEqual([
      [3, 'patch', 'ada', 2],
      [2, 'put', 'bob', null],
      [1, 'put', 'ada', null],
    ]);
    expect((await person.case.get({ id: ID })).state).toEqual({ c: { d: 1 } });
    expect(await person.case.get({ id: ID, version: 1 })).toMatchObject({
      state: { a: 1 },
      updatedBy: 'ada',
    });
    expect((await refusal(person.case.get({ id: ID, version: 9 }))).code).toBe('not_found');
    const first = await person.case.history({ id: ID, limit: 2 });
    const rest = await person.case.history({ id: ID, limit: 2, cursor: first.nextCursor ?? '' });
    expect([...first.items, ...rest.items]).toEqual(items);
    expect((await refusal(person.case.history({ id: ID, cursor: 'x' }))).code).toBe(
      'invalid_input',
    );
  });

  test('the states of the newest versions are kept, and every write stays in the history', async () => {
    const { ada } = await scene(engine);
    const count = limits.caseStatesKept + 2;
    for (let n = 1; n <= count; n++) await ada.case.put({ id: ID, state: { n } });
    expect((await refusal(ada.case.get({ id: ID, version: 2 }))).code).toBe('not_found');
    expect((await ada.case.get({ id: ID, version: 3 })).state).toEqual({ n: 3 });
    expect((await ada.case.history({ id: ID, limit: 200 })).items).toHaveLength(count);
  });

  test('a case goes through its pipeline stage by stage, and each step tells what it is', async () => {
    const { ada, person } = await scene(engine);
    expect(await ada.case.put({ id: ID, state: {}, pipeline: 'max' })).toMatchObject({
      stage: 'pulse',
    });
    const moved = await ada.case.advance({ id: ID, version: 1, patch: { lead: 'x' } });
    expect(moved).toMatchObject({
      case: { version: 2, stage: 'first' },
      signal: { to: 'FirstResponder' },
    });
    expect(await ada.case.get({ id: ID })).toMatchObject({ stage: 'first', state: { lead: 'x' } });
    const far = await refusal(ada.case.advance({ id: ID, to: 'done' }));
    expect(far).toMatchObject({
      code: 'conflict',
      details: { stage: 'first', allowed: ['build'] },
    });
    expect(far.message).toContain('first');
    expect(far.hint).toContain('build');
    const events = await eventsOf(person, ID, 2);
    expect(events.map(({ type, data }) => [type, data.version, data.stage])).toEqual([
      ['case.created', 1, 'pulse'],
      ['case.advanced', 2, 'first'],
    ]);
  });

  test('the signal of a step waits for its agent, also one that nobody has heard of yet', async () => {
    const { hub, ada } = await scene(engine);
    await ada.case.put({ id: ID, state: {}, pipeline: 'max' });
    const { signal } = await ada.case.advance({ id: ID, patch: { lead: 'x' } });
    const responder = await hub.as('first_responder');
    const { items } = await responder.message.read();
    expect(items).toMatchObject([
      {
        message: {
          id: signal?.id,
          from: 'ada',
          type: 'PIPELINE_TRANSITION',
          thread: `case:${ID}`,
          isSignal: true,
          data: { caseId: ID, pipeline: 'max', from: 'pulse', to: 'first', version: 2 },
        },
      },
    ]);
    expect((await responder.case.get({ id: ID })).state).toEqual({ lead: 'x' });
    expect((await responder.message.receive()).items).toHaveLength(1);
  });

  test('a step whose signal cannot be sent leaves the case where it is', async () => {
    const { ada, person } = await scene(engine);
    const lost = [{ name: 'pulse' }, { name: 'crew', team: 'nobody' }];
    await person.pipeline.set({ name: 'lost', stages: lost });
    await ada.case.put({ id: ID, state: { a: 1 }, pipeline: 'lost' });
    const error = await refusal(ada.case.advance({ id: ID, patch: { a: 2 } }));
    expect(error.code).toBe('not_found');
    expect(await ada.case.get({ id: ID })).toMatchObject({
      version: 1,
      stage: 'pulse',
      state: { a: 1 },
    });
    await person.team.set({ name: 'nobody', members: ['bob', 'carol'] });
    const moved = await ada.case.advance({ id: ID });
    expect(moved).toMatchObject({ case: { stage: 'crew' }, signal: { to: 'nobody' } });
  });

  test('a stage that names a capability tells who is here and idle before who is not', async () => {
    const { hub, ada } = await scene(engine);
    await ada.case.put({ id: ID, state: {}, pipeline: 'max', stage: 'first' });
    const none = await refusal(ada.case.advance({ id: ID }));
    expect(none).toMatchObject({ code: 'conflict', details: { capability: 'ts' } });
    expect(await ada.case.get({ id: ID })).toMatchObject({ version: 1, stage: 'first' });
    const amy = await worker(hub, 'amy', ['ts']);
    await worker(hub, 'zoe', ['ts', 'gpu']);
    await worker(hub, 'ben', ['gpu']);
    await amy.client.agent.disconnect({ sessionId: amy.sessionId });
    const moved = await ada.case.advance({ id: ID });
    expect(moved).toMatchObject({ case: { stage: 'build' }, signal: { to: 'zoe' } });
    expect(await ada.case.advance({ id: ID })).toMatchObject({
      case: { stage: 'done' },
      signal: null,
    });
    const end = await refusal(ada.case.advance({ id: ID }));
    expect(end).toMatchObject({ code: 'conflict', details: { stage: 'done', allowed: [] } });
  });

  test('a case that is nowhere yet begins with its first step', async () => {
    const { ada, person } = await scene(engine);
    await person.case.put({ id: ID, state: {}, pipeline: 'max', stage: null });
    const moved = await person.case.advance({ id: ID });
    expect(moved).toMatchObject({ case: { stage: 'pulse' }, signal: { to: 'Pulse' } });
    const outside = await refusal(
      ada.case.advance({ id: (await ada.case.put({ id: 'x', state: {} })).id }),
    );
    expect(outside.message).toContain('no pipeline');
  });

  test('a case that is in a pipeline changes it, or its stage, by no other way', async () => {
    const { ada, person } = await scene(engine);
    await person.pipeline.set({ name: 'min', stages: [{ name: 'one' }] });
    await ada.case.put({ id: ID, state: {}, stage: 'first' });
    expect(await ada.case.put({ id: ID, state: {}, pipeline: 'max' })).toMatchObject({
      stage: 'first',
    });
    expect(
      await ada.case.put({ id: ID, state: {}, pipeline: 'max', stage: 'first' }),
    ).toMatchObject({ version: 3 });
    for (const other of [{ pipeline: 'min' }, { stage: 'build' }, { stage: null }]) {
      expect((await refusal(ada.case.put({ id: ID, state: {}, ...other }))).code).toBe('conflict');
    }
    const nowhere = { id: 'y', state: {}, pipeline: 'max', stage: 'elsewhere' };
    expect((await refusal(ada.case.put(nowhere))).details).toEqual({
      stages: ['pulse', 'first', 'build', 'done'],
    });
  });

  test('a pipeline changes as long as no case loses its stage', async () => {
    const { ada, person } = await scene(engine);
    await ada.case.put({ id: ID, state: {}, pipeline: 'max', stage: 'first' });
    const fewer = await refusal(person.pipeline.set({ name: 'max', stages: [{ name: 'pulse' }] }));
    expect(fewer).toMatchObject({ code: 'conflict', details: { cases: { first: 1 } } });
    await person.pipeline.set({
      name: 'max',
      stages: [{ name: 'new' }, { name: 'first' }, { name: 'end' }],
    });
    expect((await ada.case.advance({ id: ID })).case.stage).toBe('end');
    const wrong = [
      [{ name: 'a' }, { name: 'a' }],
      [{ name: 'a', next: ['b'] }],
      [{ name: 'a', agent: 'ada', team: 'crew' }],
      [],
    ];
    for (const list of wrong) {
      expect((await refusal(person.pipeline.set({ name: 'bad', stages: list }))).code).toBe(
        'invalid_input',
      );
    }
  });

  test('the same name is a new version, and the same content is what is there already', async () => {
    const { hub, ada, person } = await scene(engine);
    await ada.case.put({ id: ID, state: {}, stage: 'pulse' });
    const file = { caseId: ID, name: 'notes.txt', mediaType: 'text/plain' };
    const one = await ada.artifact.upload(file, bytes('one'));
    expect(one).toMatchObject({ stage: 'pulse', version: 1, bytes: 3, uploadedBy: 'ada' });
    expect(await ada.artifact.upload(file, bytes('one'))).toEqual(one);
    hub.clock.advance(1);
    const two = await ada.artifact.upload(file, bytes('two'));
    hub.clock.advance(1);
    expect(two).toMatchObject({ version: 2 });
    const other = await ada.artifact.upload({ ...file, stage: 'first' }, bytes('one'));
    expect(other).toMatchObject({ stage: 'first', version: 1, sha256: one.sha256 });
    const latest = await person.artifact.list({ caseId: ID });
    expect(latest.items).toEqual([two, other]);
    const all = await person.artifact.list({ caseId: ID, isFull: true, stage: 'pulse' });
    expect(all.items).toEqual([one, two]);
    for (const [artifact, content] of [
      [one, 'one'],
      [two, 'two'],
      [other, 'one'],
    ] as const) {
      const { body, output } = await person.artifact.download({ id: artifact.id });
      expect([output, await text(body)]).toEqual([artifact, content]);
    }
    const events = await eventsOf(person, ID, 4);
    expect(events.at(-1)).toMatchObject({
      type: 'case.uploaded',
      data: { artifactId: other.id, stage: 'first', name: 'notes.txt', version: 1 },
    });
  });

  test('an upload is done once under its key, and refused with another content', async () => {
    const { ada, person } = await scene(engine);
    await ada.case.put({ id: ID, state: {}, stage: 'pulse' });
    const file = { caseId: ID, name: 'a.bin' };
    const first = await ada.artifact.upload(file, bytes('one'), { key: 'k1' });
    await ada.artifact.upload(file, bytes('two'), { key: 'k2' });
    expect(await ada.artifact.upload(file, bytes('one'), { key: 'k1' })).toEqual(first);
    const other = await refusal(ada.artifact.upload(file, bytes('three'), { key: 'k1' }));
    expect(other.code).toBe('key_reused');
    expect((await person.artifact.list({ caseId: ID, isFull: true })).items).toHaveLength(2);
  });

  test('an upload that is not what it says is refused, and nothing of it is there', async () => {
    const { hub, ada, person } = await scene(engine);
    await ada.case.put({ id: ID, state: {}, stage: 'pulse' });
    const file = { caseId: ID, name: 'a.bin' };
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytes('half');
      throw new Error('the wire broke');
    }
    const untrue = [
      [{ bytes: 4 }, bytes('three')],
      [{ bytes: 6 }, bytes('three')],
      [{ sha256: 'a'.repeat(64) }, bytes('three')],
      [{}, broken()],
    ] as const;
    for (const [declared, body] of untrue) {
      const error = await refusal(ada.artifact.upload({ ...file, ...declared }, body));
      expect(error.code).toBe('invalid_input');
      expect(error.hint).toContain('kept');
    }
    const empty = await ada.artifact.upload({ ...file, bytes: 0 }, bytes(''));
    expect(empty).toMatchObject({ bytes: 0, version: 1 });
    expect((await person.artifact.list({ caseId: ID, isFull: true })).items).toEqual([empty]);
    const { body } = await person.artifact.download({ id: empty.id });
    expect(await text(body)).toBe('');
    expect(
      await hub.hub
        .invoke({
          operation: 'artifact.upload',
          input: file,
          credential: hub.hub.credentialOf('ada', 'agent'),
        })
        .catch((error: unknown) => error),
    ).toMatchObject({ code: 'invalid_input' });
  });

  test('an agent has a bound on uploads at once, and what is over it may come later', async () => {
    const { ada, bob, person } = await scene(engine);
    await ada.case.put({ id: ID, state: {}, stage: 'pulse' });
    const go = Promise.withResolvers<void>();
    const begun = new Set<number>();
    async function* waiting(n: number): AsyncGenerator<Uint8Array> {
      begun.add(n);
      await go.promise;
      yield bytes(`file ${n}`);
    }
    const uploads = Array.from({ length: limits.uploadsAtOnceMax }, (_, n) =>
      ada.artifact.upload({ caseId: ID, name: `${n}.txt` }, waiting(n)),
    );
    await expect.poll(() => begun.size).toBe(limits.uploadsAtOnceMax);
    const last = { caseId: ID, name: 'last.txt' };
    const error = await refusal(ada.artifact.upload(last, bytes('last')));
    expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: 1_000 });
    await bob.artifact.upload({ caseId: ID, name: 'other.txt' }, bytes('other'));
    go.resolve();
    await Promise.all(uploads);
    await ada.artifact.upload(last, bytes('last'));
    const { items } = await person.artifact.list({ caseId: ID, limit: 200 });
    expect(items).toHaveLength(limits.uploadsAtOnceMax + 2);
  });

  test('of those who open a case at once each has a version of its own', async () => {
    const { ada, bob, person } = await scene(engine);
    const writers = [ada, bob, person, ada, bob];
    const heads = await Promise.all(
      writers.map((one, n) => one.case.put({ id: ID, state: { n } })),
    );
    expect(new Set(heads.map(({ version }) => version))).toEqual(new Set([1, 2, 3, 4, 5]));
    const newest = heads.findIndex(({ version }) => version === 5);
    expect((await ada.case.get({ id: ID })).state).toEqual({ n: newest });
  });

  test('a part of an artifact can be read, and no more than there is', async () => {
    const { ada } = await scene(engine);
    await ada.case.put({ id: ID, state: {}, stage: 'pulse' });
    const { id } = await ada.artifact.upload({ caseId: ID, name: 'a.txt' }, bytes('0123456789'));
    const part = async (start: number, end: number): Promise<string> =>
      text((await ada.artifact.download({ id }, { range: { start, end } })).body);
    expect([await part(0, 1), await part(3, 7), await part(9, 10), await part(4, 4)]).toEqual([
      '0',
      '3456',
      '9',
      '',
    ]);
    for (const [start, end] of [
      [-1, 2],
      [5, 4],
      [9, 11],
    ] as const) {
      expect(await refusal(part(start, end))).toMatchObject({
        code: 'out_of_range',
        details: { bytes: 10 },
      });
    }
  });

  test('a case of another project is not there', async () => {
    const { hub, ada } = await scene(engine);
    await ada.case.put({ id: ID, state: {}, stage: 'pulse' });
    const { id } = await ada.artifact.upload({ caseId: ID, name: 'a.txt' }, bytes('x'));
    await hub.store.transaction((tx) => tx.run(sql`insert into projects (id) values ('other')`));
    const bob = await hub.as('bob');
    await hub.store.transaction((tx) =>
      tx.run(sql`update tokens set project = 'other' where agent = 'bob'`),
    );
    expect((await refusal(bob.case.get({ id: ID }))).code).toBe('not_found');
    expect((await refusal(bob.artifact.download({ id }))).code).toBe('not_found');
    const file = { caseId: ID, stage: 'pulse', name: 'b.txt' };
    expect((await refusal(bob.artifact.upload(file, bytes('y')))).code).toBe('not_found');
    expect((await bob.case.list()).items).toEqual([]);
    expect(await bob.case.put({ id: ID, state: { other: 1 } })).toMatchObject({ version: 1 });
    expect((await ada.case.get({ id: ID })).state).toEqual({});
  });
});

onPostgres(() => {
  test('what one hub has taken, another one gives', async () => {
    const { store, secondHub } = await openTestStore('postgres');
    const [one, other] = [await hubOn(store), await hubOn(await secondHub(), { seed: 2 })];
    const ada = await one.as('ada');
    await ada.case.put({ id: ID, state: {}, stage: 'pulse' });
    const content = 'x'.repeat(3_000_000);
    const { id } = await ada.artifact.upload({ caseId: ID, name: 'a.txt' }, bytes(content));
    const bob = await other.as('bob');
    expect((await text((await bob.artifact.download({ id })).body)).length).toBe(content.length);
  });
});

test('the name of an artifact is the plain name of a file', () => {
  const good = [
    'notes.txt',
    'Angebot für Müller (final).pdf',
    'a',
    '日本.md',
    'CONTRACT',
    'x'.repeat(200),
  ];
  for (const name of good) expect(ArtifactName.safeParse(name).success, name).toBe(true);
  const bad = [
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    '/etc/passwd',
    '.hidden',
    '-rf',
    '~x',
    ' x',
    'x ',
    'x.',
  ];
  const worse = [
    'CON',
    'con.txt',
    'NUL',
    'Com1.log',
    'LPT9',
    'a\0b',
    'a\nb',
    'a:b',
    'a"b',
    '\u202egpj.exe',
  ];
  const worst = [
    'x'.repeat(300),
    '\u{1f600}'.repeat(80),
    '\ud800',
    'a\u200bb',
    'a\u2028b',
    '<b>',
    'a|b',
    '*',
  ];
  for (const name of [...bad, ...worse, ...worst]) {
    expect(ArtifactName.safeParse(name).success, JSON.stringify(name)).toBe(false);
  }
  expect(ArtifactName.parse('u\u0308')).toBe('\u00fc');
});

test('the id of a case is a name and leads nowhere', () => {
  for (const id of ['abc-123', 'a', '7', 'A.b_c'])
    expect(CaseId.safeParse(id).success, id).toBe(true);
  for (const id of ['', '.', '..', '.a', '-a', 'a/b', '../a', 'a b', 'a\0', 'é', 'x'.repeat(65)]) {
    expect(CaseId.safeParse(id).success, JSON.stringify(id)).toBe(false);
  }
});
