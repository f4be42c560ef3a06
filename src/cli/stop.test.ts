/** `signalbox stop`: it ends the user's own hub, and nothing that only looks like it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeHome, startScriptedHub, type Home, type ScriptedHub } from './fixture.ts';
import { hubStateFile } from './place/places.ts';

let home: Home;
let hub: ScriptedHub | undefined;
let innocent: ChildProcess | undefined;

beforeEach(async () => {
  home = await makeHome();
});
afterEach(async () => {
  if (innocent?.exitCode === null && innocent.kill('SIGKILL')) await once(innocent, 'close');
  hub?.close();
  hub = innocent = undefined;
  await home.close();
});

test('the own hub is shown with its process, ended, and gone when it is told so', async () => {
  const started = home.start(['start', '--port', '0', '--no-verifier']);
  await started.until('answers at');
  const process = `process ${started.child.pid}`;
  expect((await home.run(['status'])).stdout).toContain(`(${process})\n`);
  expect((await home.run(['doctor'])).stdout).toContain(`(found on this machine, ${process})`);
  const other = await home.run(['stop', '--url', 'https://hub.example.org']);
  expect(other).toMatchObject({ code: 64, stderr: expect.stringContaining('Leave --url out') });
  const stopped = await home.run(['stop']);
  expect(stopped).toMatchObject({ code: 0 });
  expect(stopped.stdout).toMatch(new RegExp(`^The hub at \\S+ \\(${process}\\) has ended\\.`));
  expect(await started.ended).toMatchObject({ code: 0 });
  await expect(stat(hubStateFile(home.env))).rejects.toMatchObject({ code: 'ENOENT' });
  const again = await home.run(['stop', '--json']);
  expect(again).toMatchObject({ code: 69, stderr: expect.stringContaining('No hub of this user') });
});

test('a process that has only the number of a hub is left alone', async () => {
  innocent = spawn('sleep', ['60']);
  hub = await startScriptedHub(home, { 'hub.whoami': () => ({ name: 'admin', role: 'admin' }) });
  const file = hubStateFile(home.env);
  const word = { ...JSON.parse(await readFile(file, 'utf8')), pid: innocent.pid };
  await writeFile(file, JSON.stringify(word));
  const foreign = await home.run(['stop']);
  expect(foreign).toMatchObject({ code: 77, stdout: '' });
  expect(foreign.stderr).toContain(`is not the hub of this user`);
  hub.close();
  const silent = await home.run(['stop']);
  expect(silent).toMatchObject({ code: 69, stderr: expect.stringContaining('does not answer') });
  await writeFile(file, JSON.stringify({ ...word, pid: 2 ** 22 + 1 }));
  expect((await home.run(['stop'])).stderr).toContain('No hub of this user');
  expect(innocent.exitCode ?? innocent.signalCode).toBeNull();
  await expect(stat(join(home.root, 'hub/hub.json'))).rejects.toMatchObject({ code: 'ENOENT' });
});
