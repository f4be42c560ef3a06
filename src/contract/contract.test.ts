/** The vocabulary: names, locations, branches, and the table of operations and errors. */
import { expect, test } from 'vitest';
import type { z } from 'zod';
import {
  AgentName,
  BranchName,
  Capability,
  type ErrorCode,
  canonicalUrl,
  errorCodes,
  errorTable,
  isPassing,
  nameKey,
  operations,
  RepositoryPath,
  RepositoryUrl,
  guestScopes,
  inviteCode,
  machineNames,
  roleScopes,
  Scope,
  SignalboxError,
  text,
  Title,
} from './index.ts';

const PASSING: ErrorCode[] = ['rate_limited', 'unavailable', 'storage_full', 'internal'];

const takes = (schema: z.ZodType, value: unknown) => schema.safeParse(value).success;

/** The words of a refusal. */
const said = (schema: z.ZodType, value: unknown): string | undefined =>
  schema.safeParse(value).error?.issues[0]?.message;

test('a malformed id is named, with what one looks like and who shows them', () => {
  const { input } = operations['task.show'];
  expect(said(input, { id: 'tsk-7' })).toBe(
    '"tsk-7" is no task id: one is tsk_ and 21 letters and digits; ' +
      '`signalbox task list` shows them',
  );
  expect(said(operations.why.input, { id: 'a b' })).toMatch(/no id of a task .*tsk_.* no name/);
  expect(said(Title, ' ')).toBe('it is empty; say in a few words what is to be done');
  expect(said(AgentName, 'a b')).toBe(
    '"a b" is no name: take letters, digits, dots, dashes and underscores',
  );
});

test('names that differ in case, dashes and underscores are one agent', () => {
  const spellings = ['FirstResponder', 'first_responder', 'first-responder', 'FIRST_Responder'];
  expect(new Set(spellings.map(nameKey))).toEqual(new Set(['firstresponder']));
  expect(nameKey('ada.2')).not.toBe(nameKey('ada2'));
});

test('agent names are plain', () => {
  for (const name of ['ada', 'Ada.2', 'a_b-c', '7', 'x'.repeat(64)]) {
    expect(takes(AgentName, name), name).toBe(true);
  }
  for (const name of ['', '-x', '.x', 'a b', 'a/b', 'é', 'a\0', 'x'.repeat(65), '../x', 'a\n']) {
    expect(takes(AgentName, name), JSON.stringify(name)).toBe(false);
  }
});

test('capabilities are lower case', () => {
  for (const good of ['ts', 'db:postgres', 'c++', 'a/b', 'node.24']) {
    expect(takes(Capability, good), good).toBe(true);
  }
  for (const bad of ['TS', '', ' ts', 'a b', ':x']) expect(takes(Capability, bad), bad).toBe(false);
});

test('two spellings of a location are one repository', () => {
  const same = (a: string, b: string) =>
    expect(canonicalUrl(a), `${a} is ${b}`).toBe(canonicalUrl(b));
  same('https://Example.com/a/b.git', 'HTTPS://example.COM/a/b/');
  same('https://example.com/a/b', 'https://example.com/a/b.git');
  same('/srv/app', 'file:///srv/app/');
  same('git@example.com:a/b.git', 'git@example.com:a/b');
  same('ssh://git@example.com/a/b.git', 'SSH://git@EXAMPLE.com/a/b');
});

test('a bare repository beside its working copy is another repository', () => {
  expect(canonicalUrl('/srv/app.git')).not.toBe(canonicalUrl('/srv/app'));
  expect(canonicalUrl('https://example.com/A')).not.toBe(canonicalUrl('https://example.com/a'));
});

test('a location is one that git clones, and nothing that runs a command', () => {
  for (const good of [
    'https://example.com/a.git',
    'ssh://git@example.com:22/a',
    'git@example.com:a/b.git',
    'file:///srv/a.git',
    '/srv/a b.git',
  ]) {
    expect(takes(RepositoryUrl, good), good).toBe(true);
  }
  for (const bad of [
    'ext::sh -c touch% /tmp/x',
    'fd::7',
    'https://me:secret@example.com/a',
    '--upload-pack=/bin/sh',
    '-x@example.com:a',
    'git@-oProxyCommand=x:a',
    'ssh://-oProxyCommand=x/a',
    'git@example.com:-oProxyCommand=x',
    '../a',
    'a',
    '',
    '/srv/../etc',
    'file:///srv/../../etc',
    '/srv/a\nb',
    '/srv/a\0b',
    `/${'a'.repeat(1_001)}`,
  ]) {
    expect(takes(RepositoryUrl, bad), bad).toBe(false);
  }
});

test('a branch name is one that git takes and no option', () => {
  for (const good of ['main', 'signalbox/tsk_1/2', 'v1.2', 'a@b', 'feature/x-1']) {
    expect(takes(BranchName, good), good).toBe(true);
  }
  for (const bad of [
    '-x',
    '--all',
    'a..b',
    'a//b',
    '/a',
    'a/',
    'a.lock',
    'a.lock/b',
    'a b',
    'a~1',
    'a^',
    'a:b',
    'a\\b',
    'a@{1}',
    'a/.b',
    '.a',
    'a.',
    '',
    'a\0',
    'x'.repeat(201),
  ]) {
    expect(takes(BranchName, bad), bad).toBe(false);
  }
});

test('what git would be refused later is refused at once, with the same words', () => {
  for (const [name, problem] of [
    ['HEAD', 'git keeps this word for itself'],
    ['refs/heads/main', 'it starts with "refs"'],
    ['a'.repeat(40), 'it looks like a commit'],
    ['a..b', 'it holds ".."'],
  ] as const) {
    expect(said(BranchName, name)).toContain(`is no branch name: ${problem}`);
  }
  for (const [url, problem] of [
    ['https://host', 'it is neither a URL nor an absolute path'],
    ['https://host/.git', 'it names a host and no repository'],
    ['https://host/%zz', 'its "%" signs do not stand for characters'],
    ['https://host/%2e%2e/a', 'it holds ".."'],
    ['file://host/a', 'it is neither a URL nor an absolute path'],
    ['file:///srv/%00', 'it holds a control character or a line end'],
    ['https://a!b/c', 'its host is not one'],
    ['/', 'it is the root of the file system'],
  ] as const) {
    expect(said(RepositoryUrl, url), url).toBe(
      `the repository's location is not taken: ${problem}`,
    );
  }
  expect(said(RepositoryUrl, 'https://me:secret@host/a')).not.toContain('secret');
});

test('a path stays inside its repository', () => {
  for (const good of ['a', 'a/b.ts', '..a', 'a..b/c', '...']) {
    expect(takes(RepositoryPath, good), good).toBe(true);
  }
  for (const bad of ['', '/a', '..', '../a', 'a/../b', 'a/..', 'a\0b']) {
    expect(takes(RepositoryPath, bad), bad).toBe(false);
  }
});

test('text is whole Unicode without NUL, and no more than its bound', () => {
  for (const half of ['\ud83d', '\ude00', 'a\ud83db', '\ude00\ud83d']) {
    expect(said(text(9), half), JSON.stringify(half)).toContain('half of a character');
  }
  expect(takes(text(4), 'a\n\u{1f600}')).toBe(true);
  expect(takes(text(3), 'a\0b')).toBe(false);
  expect(takes(text(3), 'abcd')).toBe(false);
  expect(takes(Title, ' \n ')).toBe(false);
});

test('every operation has a name of its own key, a summary and known refusals', () => {
  for (const [key, operation] of Object.entries(operations)) {
    expect(operation.name).toBe(key);
    expect(operation.name).toMatch(/^[a-z]+(\.[a-z]+)?$/);
    expect(operation.summary.length, key).toBeGreaterThan(20);
    expect(Scope.options).toContain(operation.scope);
    for (const code of operation.errors) expect(Object.keys(errorTable)).toContain(code);
    expect(new Set(operation.errors).size, key).toBe(operation.errors.length);
  }
});

test('no input takes a field that it does not know', () => {
  for (const { name, input } of Object.values(operations)) {
    const result = input.safeParse({ noSuchField: 1 });
    const codes = result.error?.issues.map(({ code }) => code);
    expect(codes, name).toContain('unrecognized_keys');
  }
});

test('every scope is held by a role or a guest, and only admin holds admin', () => {
  for (const scope of Scope.options) {
    expect([...Object.values(roleScopes), guestScopes].flat(), scope).toContain(scope);
  }
  const admins = Object.entries(roleScopes).filter(([, scopes]) => scopes.includes('admin'));
  expect(admins.map(([role]) => role)).toEqual(['admin']);
});

test('each error has a hint, an HTTP status and codes of its own', () => {
  for (const [code, wire] of Object.entries(errorTable)) {
    expect(wire.hint.length, code).toBeGreaterThan(15);
    expect(wire.http, code).toBeGreaterThanOrEqual(400);
  }
  const rpc = Object.values(errorTable).map(({ jsonRpc }) => jsonRpc);
  expect(new Set(rpc).size).toBe(rpc.length);
});

test.each(errorCodes)(
  'whether %s passes stands in its table, unless the hub names a time',
  (code) => {
    expect(isPassing(new SignalboxError(code, 'no'))).toBe(PASSING.includes(code));
    expect(isPassing(new SignalboxError(code, 'no', { retryAfterMs: 50 }))).toBe(true);
  },
);

test('what no hub has said does not pass', () => {
  for (const thrown of [new Error('x'), { code: 'unavailable' }, undefined]) {
    expect(isPassing(thrown)).toBe(false);
  }
});

test('an error goes over a wire and back without its cause', () => {
  const error = new SignalboxError('conflict', 'no', {
    hint: 'wait',
    retryAfterMs: 5,
    details: { state: 'done' },
    cause: new Error('private'),
  });
  expect(JSON.stringify(error.toBody())).not.toContain('private');
  expect(SignalboxError.fromBody(error.toBody()).toBody()).toEqual(error.toBody());
  expect(new SignalboxError('not_found', 'x').toBody().hint).toBe(errorTable.not_found.hint);
});

test('a code is read as people type it, and what is none is told from it', () => {
  const code = '7KQ2M9XD4T1R0ZPA6WCE';
  const typed = ['7KQ2-M9XD-4T1R-0ZPA-6WCE', ' 7kq2 m9xd 4tlr ozpa 6wce\n', '7KQ2M9XD4TIRoZPA6WCE'];
  for (const one of typed) expect(inviteCode(one), one).toBe(code);
  for (const one of ['', code.slice(1), `${code}0`, 'U'.repeat(20), 'sbx_'.repeat(5)]) {
    expect(inviteCode(one), one).toBeUndefined();
  }
  expect(machineNames('ada', 1)).toEqual(['ada']);
  expect(machineNames('ada', 2)).toEqual(['ada', 'ada-1', 'ada-2']);
});
