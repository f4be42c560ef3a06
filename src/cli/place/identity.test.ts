import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SignalboxError } from '../../contract/index.ts';
import { createContext } from '../context.ts';
import { makeHome, startScriptedHub, type Home, type ScriptedHub } from '../fixture.ts';
import { tokenFor, type Identity } from './identity.ts';
import { createOutput } from '../terminal/output.ts';
import type { Env } from './places.ts';

let home: Home;
let hub: ScriptedHub;
/** Who each token is of. */
let known: Map<string, string>;
let made: number;

beforeEach(async () => {
  home = await makeHome();
  known = new Map();
  made = 0;
  hub = await startScriptedHub(home, {
    'token.create': () => {
      known.set(`sbx_${++made}`, 'ada');
      const ends = { expiresAtMs: null, revokedAtMs: null, rotatedFrom: null };
      const id = `tok_${String(made).padStart(21, '0')}`;
      const token = { id, agent: 'ada', role: 'agent', createdAtMs: 1, ...ends };
      return { secret: `sbx_${made}`, token };
    },
    'hub.whoami': () => {
      const name = known.get(hub.asked.at(-1)?.token ?? '');
      if (name === undefined) throw new SignalboxError('unauthenticated', 'Not known.');
      return { name, role: 'agent', project: 'default', scopes: [] };
    },
  });
});
afterEach(async () => {
  hub.close();
  await home.close();
});

const ada: Identity = { name: 'ada', role: 'agent', isNamed: true };

async function find(identity = ada, env: Env = {}): Promise<string | undefined> {
  const ours = { ...home.env, ...env };
  const output = createOutput(process, ours, false);
  const context = createContext({ args: [], values: {}, output, env: ours, cwd: home.root });
  try {
    return await tokenFor(context, identity);
  } finally {
    context.close();
  }
}

test('on the machine of the hub a token is made once, and kept for its owner alone', async () => {
  expect(await find()).toBe('sbx_1');
  expect(await find()).toBe('sbx_1');
  expect(hub.asked[0]).toEqual({
    operation: 'token.create',
    input: { agent: 'ada', role: 'agent' },
    token: 'sbx_admin',
  });
  expect(made).toBe(1);
  const { host } = new URL(hub.url);
  const name = `agent-ada@${host.replace(':', '_')}.token`;
  const file = join(home.root, 'data', 'signalbox', 'tokens', name);
  expect(await readFile(file, 'utf8')).toBe('sbx_1\n');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('a kept token that the hub does not take any more is replaced', async () => {
  await find();
  known.clear();
  expect(await find()).toBe('sbx_2');
  expect(await find()).toBe('sbx_2');
});

test('a kept token is good enough while the hub is away', async () => {
  await find();
  hub.close();
  expect(await find()).toBe('sbx_1');
});

test('each role has a token of its own', async () => {
  await find();
  expect(await find({ ...ada, role: 'verifier' })).toBe('sbx_2');
});

test('a token that was given is used if it is of that name', async () => {
  known.set('sbx_own', 'Ada').set('sbx_other', 'bob');
  expect(await find(ada, { SIGNALBOX_TOKEN: 'sbx_own' })).toBe('sbx_own');
  await expect(find(ada, { SIGNALBOX_TOKEN: 'sbx_other' })).rejects.toMatchObject({
    code: 'forbidden',
    message: 'This token is of `bob`, not of `ada`.',
    hint: 'Make one for it: signalbox token create --agent ada --role agent',
  });
  const anybody = { ...ada, isNamed: false };
  expect(await find(anybody, { SIGNALBOX_TOKEN: 'sbx_other' })).toBe('sbx_other');
  expect(made).toBe(0);
});

test('at a hub elsewhere, without a token, the name is enough or nothing is', async () => {
  const elsewhere = { SIGNALBOX_URL: 'http://hub.example.org' };
  expect(await find(ada, elsewhere)).toBeUndefined();
  expect(hub.asked).toEqual([]);
});
