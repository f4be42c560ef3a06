/** Files that come in a form, as browsers, curl and Python send them, and as nobody should. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect as openTcp, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { limits } from '../contract/index.ts';
import { type Answer, type Door, openDoors } from './fixture.ts';

const STATE = '/api/clients/abc-123/state';
const FILES = '/api/clients/abc-123/artifacts';
const MIB = 1024 * 1024;

type Field = [name: string, value: string | Blob, fileName?: string];

async function openCase(): Promise<Door> {
  const door = await openDoors();
  await door.ask('PUT', STATE, { json: {} });
  return door;
}

function formOf(fields: readonly Field[]): FormData {
  const form = new FormData();
  for (const [name, value, fileName] of fields) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, fileName);
  }
  return form;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const file = new Blob(['hello']);
const stage: Field = ['stage', 'pulse'];

test('a file of many megabytes comes whole', async () => {
  const { ask } = await openCase();
  const bytes = new Uint8Array(5 * MIB + 7).map((_, index) => index % 251);
  const body = formOf([stage, ['file', new Blob([bytes]), 'large.bin']]);
  expect(await ask('POST', FILES, { body })).toMatchObject({
    status: 201,
    body: { bytes: bytes.length, sha256: hashOf(bytes) },
  });
});

test('a file over the bound is refused, not cut off', async () => {
  const { ask } = await openCase();
  const bytes = new Uint8Array(limits.artifactBytesMax + 1);
  const body = formOf([stage, ['file', new Blob([bytes]), 'huge.bin']]);
  const refused = { status: 413, body: { error: { code: 'too_large' } } };
  expect(await ask('POST', FILES, { body })).toMatchObject(refused);
  expect((await ask('GET', FILES)).body).toEqual({});
});

test('the stage may stand behind a file, in front of it, or in the query', async () => {
  const { ask } = await openCase();
  const orders: [string, Field[]][] = [
    [FILES, [stage, ['file', file, 'a.md']]],
    [FILES, [['file', file, 'b.md'], stage]],
    [`${FILES}?stage=pulse`, [['file', file, 'c.md']]],
  ];
  for (const [path, fields] of orders) {
    const answer = await ask('POST', path, { body: formOf(fields) });
    expect(answer).toMatchObject({ status: 201, body: { stage: 'pulse', bytes: 5 } });
  }
});

test('the folders of a file name are left out', async () => {
  const { ask } = await openCase();
  for (const name of ['../../x', String.raw`C:\work\x`, '/etc/x']) {
    const { body } = await ask('POST', FILES, { body: formOf([stage, ['file', file, name]]) });
    expect(body).toMatchObject({ name: 'x', bytes: 5 });
  }
});

async function expectRefused(door: Door, asked: Parameters<Door['ask']>[2]): Promise<Answer> {
  const answer = await door.ask('POST', FILES, asked);
  expect(answer).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_input', hint: expect.any(String) } },
  });
  expect((await door.ask('GET', FILES)).body).toEqual({});
  return answer;
}

const large = new Blob([new Uint8Array(2 * MIB)]);
const many = Array.from({ length: 1_000 }, (_, index): Field => [`field-${index}`, 'x']);

test.each<[string, Field[], RegExp]>([
  ['no file', [stage], /no field `file`/],
  ['text where the file should be', [stage, ['file', 'hello']], /no field `file`/],
  ['no stage', [['file', file, 'a.md']], /no field `stage`/],
  ['a stage behind a large file', [['file', large, 'a.md'], stage], /behind a large file/],
  [
    'a stage that is a path',
    [
      ['stage', '../..'],
      ['file', file, 'a.md'],
    ],
    /stage/,
  ],
  ['two stages', [stage, stage, ['file', file, 'a.md']], /twice/],
  [
    'a stage of 5,000 letters',
    [
      ['stage', 'x'.repeat(5_000)],
      ['file', file, 'a'],
    ],
    /too long/,
  ],
  ['two files', [stage, ['file', file, 'a.md'], ['file', file, 'b.md']], /more than one file/],
  ['a second, large file', [stage, ['file', file, 'a'], ['b', large, 'b']], /more than one file/],
  ['a hidden name', [stage, ['file', file, '.hidden']], /name/],
  ['a name of 300 letters', [stage, ['file', file, 'x'.repeat(300)]], /name/],
  ['a thousand fields before', [...many, stage, ['file', file, 'a.md']], /too many parts/],
  ['a thousand fields behind', [stage, ['file', file, 'a.md'], ...many], /too many parts/],
  ['a field of the prototype', [stage, ['file', file, 'a'], ['__proto__', 'x']], /malformed/],
])('a form with %s is refused, and nothing of it is kept', async (_, fields, words) => {
  const { body } = await expectRefused(await openCase(), { body: formOf(fields) });
  const { error } = z.object({ error: z.object({ message: z.string() }) }).parse(body);
  expect(error.message).toMatch(words);
});

const head = '--b\r\ncontent-disposition: form-data; name="';
const begun = `${head}stage"\r\n\r\npulse\r\n${head}file"; filename="a.md"\r\n\r\nhello`;

test.each([
  ['no boundary', 'multipart/form-data', begun],
  ['nothing of a form in it', 'multipart/form-data; boundary=b', 'hello'],
  ['no body', 'multipart/form-data; boundary=b', ''],
  ['a file that breaks off', 'multipart/form-data; boundary=b', begun],
  ['a head that breaks off', 'multipart/form-data; boundary=b', `${head}stage`],
])('a form with %s is refused, and nothing of it is kept', async (_, type, body) => {
  await expectRefused(await openCase(), { body, headers: { 'content-type': type } });
});

/** What a client sends that does not keep to HTTP, and what it is answered until the end. */
async function raw({ url }: Door, declaredBytes: number, body: string): Promise<Raw> {
  const { host, hostname, port } = new URL(url);
  const socket = openTcp(Number(port), hostname);
  const closed = once(socket, 'close');
  onTestFinished(() => void socket.destroy());
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  socket.on('error', () => {});
  await once(socket, 'connect');
  const type = 'content-type: multipart/form-data; boundary=b';
  socket.write(`POST ${FILES} HTTP/1.1\r\nhost: ${host}\r\n${type}\r\n`);
  socket.write(`content-length: ${declaredBytes}\r\nconnection: close\r\n\r\n${body}`);
  return { socket, closed, answer: () => answer };
}

interface Raw {
  socket: Socket;
  closed: Promise<unknown>;
  answer: () => string;
}

const wholeForm = `${begun}\r\n--b--\r\n`;

test('a form that is longer than it says is refused, and nothing of it is kept', async () => {
  const door = await openCase();
  const { answer, closed } = await raw(door, wholeForm.length - 12, wholeForm);
  await closed;
  expect(answer()).toMatch(/^HTTP\/1\.1 400 /);
  expect((await door.ask('GET', FILES)).body).toEqual({});
});

test('a form that is shorter than it says and then ends leaves nothing behind', async () => {
  const door = await openCase();
  const { socket, closed } = await raw(door, wholeForm.length + 100, wholeForm);
  socket.end();
  await closed;
  expect((await door.ask('GET', FILES)).body).toEqual({});
});

test('whoever stops in the middle of a form is let go of', async () => {
  const door = await openCase();
  const { socket, closed } = await raw(door, begun.length + 100, begun);
  let isClosed = false;
  void closed.then(() => (isClosed = true));
  door.hub.clock.advance(limits.uploadIdleMs - 1_000);
  socket.write('more');
  await vi.waitUntil(() => (door.hub.clock.advance(5_000), isClosed));
  expect((await door.ask('GET', FILES)).body).toEqual({});
});
