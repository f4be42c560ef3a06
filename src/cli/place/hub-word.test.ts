import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readHubState } from './config.ts';
import { leaveWord, takeWordBack, type Word } from './hub-word.ts';

let home: string;
let live: Server;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sbx-word-'));
  live = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(live, 'listening');
});

afterEach(async () => {
  live.close();
  await rm(home, { recursive: true, force: true });
});

function word(name: string, port: number): Word {
  return {
    url: `http://127.0.0.1:${port}`,
    dataDir: join(home, name),
    pid: process.pid,
    startedAtMs: 1,
  };
}

function livePort(): number {
  const address = live.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('a second hub leaves the command line to the first while that one lives', async () => {
  const env = { XDG_STATE_HOME: home };
  const first = word('first', livePort());
  const second = word('second', 2);
  expect(await leaveWord(first, env)).toBeUndefined();
  expect((await leaveWord(second, env))?.url).toBe(first.url);
  expect(JSON.parse(await readFile(join(home, 'second', 'hub.json'), 'utf8'))).toEqual(second);
  await takeWordBack(second, env);
  expect((await readHubState(env))?.url).toBe(first.url);
  await takeWordBack(first, env);
  expect(await readHubState(env)).toBeUndefined();
});

test('the word of a hub that is dead is overwritten', async () => {
  const env = { XDG_STATE_HOME: home };
  await leaveWord(word('dead', 1), env);
  expect(await leaveWord(word('next', 2), env)).toBeUndefined();
  expect((await readHubState(env))?.url).toBe('http://127.0.0.1:2');
});
