import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findHub } from './connection.ts';
import { configFile, dataFolder, hubStateFile, type Env } from './places.ts';

let root: string;
let env: Env;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'signalbox-cli-'));
  env = {
    XDG_CONFIG_HOME: join(root, 'config'),
    XDG_STATE_HOME: join(root, 'state'),
    XDG_DATA_HOME: join(root, 'data'),
    AGENT_ID: 'ada',
  };
});
afterEach(() => rm(root, { recursive: true, force: true }));

const LOCAL = 'http://127.0.0.1:8080';

async function write(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
}

async function localHub(): Promise<string> {
  const dataDir = join(root, 'hub');
  await write(hubStateFile(env), JSON.stringify({ url: LOCAL, dataDir, pid: 1, more: 'later' }));
  await write(join(dataDir, 'admin.token'), 'sbx_admin\n');
  return dataDir;
}

function find(more: { url?: string; token?: string; env?: Env } = {}): ReturnType<typeof findHub> {
  return findHub({ url: more.url, token: more.token, env: { ...env, ...more.env } });
}

test('places follow XDG, and relative paths in it are ignored', () => {
  const { HOME = '/root' } = process.env;
  expect(configFile({ XDG_CONFIG_HOME: '/etc/x' })).toBe('/etc/x/signalbox/config.yaml');
  expect(dataFolder({ XDG_DATA_HOME: 'relative' })).toBe(`${HOME}/.local/share/signalbox`);
  expect(hubStateFile({})).toBe(`${HOME}/.local/state/signalbox/hub.json`);
});

test('without a hub anywhere it is said how to start one', async () => {
  await expect(find()).rejects.toMatchObject({
    code: 'unavailable',
    hint: expect.stringContaining('signalbox start'),
  });
});

test('the hub of the same user is found with its token', async () => {
  const dataDir = await localHub();
  expect(await find()).toEqual({
    url: LOCAL,
    token: 'sbx_admin',
    isAdmin: true,
    isConfigured: false,
    agent: 'ada',
    dataDir,
    pid: 1,
    source: 'found on this machine',
  });
});

test('a flag is heard before a variable, and a variable before the file', async () => {
  await localHub();
  await write(configFile(env), 'url: http://file\ntoken: sbx_file\n');
  const variables = { SIGNALBOX_URL: 'http://env', SIGNALBOX_TOKEN: 'sbx_env' };
  const flags = { url: 'http://flag', token: 'sbx_flag' };
  expect(await find()).toMatchObject({ url: 'http://file', token: 'sbx_file', isAdmin: false });
  expect(await find({ env: variables })).toMatchObject({ url: 'http://env', token: 'sbx_env' });
  expect(await find({ ...flags, env: variables })).toMatchObject(flags);
});

test('the local admin token goes to no other hub', async () => {
  await localHub();
  expect(await find({ url: 'https://elsewhere.example' })).toMatchObject({ token: undefined });
  expect(await find({ url: `${LOCAL}/` })).toMatchObject({ token: 'sbx_admin' });
});

test('the hub of the same user is found by any name of loopback, and asked where it listens', async () => {
  await localHub();
  for (const host of ['localhost', '[::1]', '127.0.0.1']) {
    const found = await find({ url: `http://${host}:8080` });
    expect(found).toMatchObject({ url: LOCAL, token: 'sbx_admin', isAdmin: true });
  }
  for (const url of ['http://localhost:8081', 'https://localhost:8080', 'http://127.0.0.2:8080']) {
    expect(await find({ url })).toMatchObject({ url, token: undefined });
  }
});

test('the token of the config file goes only to the address beside it', async () => {
  await write(configFile(env), 'url: https://hub.example\ntoken: sbx_file\n');
  expect(await find()).toMatchObject({ url: 'https://hub.example', token: 'sbx_file' });
  expect(await find({ url: 'https://elsewhere.example' })).toMatchObject({ token: undefined });
  expect(await find({ url: 'https://hub.example' })).toMatchObject({ token: 'sbx_file' });
});

test('a config file with only a token is for the local hub', async () => {
  await localHub();
  await write(configFile(env), 'token: sbx_file\n');
  expect(await find()).toMatchObject({ url: LOCAL, token: 'sbx_file', isAdmin: false });
  expect(await find({ url: 'https://elsewhere.example' })).toMatchObject({ token: undefined });
});

test('a config file that is not understood is named', async () => {
  await write(configFile(env), 'url: [');
  await expect(find()).rejects.toThrow(`${configFile(env)} is not understood`);
  await write(configFile(env), 'ulr: http://x');
  await expect(find()).rejects.toThrow(/is not understood: .*ulr/s);
});

test('a state file that is broken counts as none', async () => {
  await write(hubStateFile(env), '{"url":');
  await expect(find()).rejects.toMatchObject({ code: 'unavailable' });
});

test('an empty variable counts as none', async () => {
  await localHub();
  const empty = { SIGNALBOX_URL: '', SIGNALBOX_TOKEN: '' };
  expect(await find({ env: empty })).toMatchObject({ url: LOCAL, token: 'sbx_admin' });
});
