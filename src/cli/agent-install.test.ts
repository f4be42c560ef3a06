/** `agent install` on the command line, with a `systemctl` that writes down what it is asked. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { agentPlan } from './agent/plan.ts';
import { readOptions } from './options.ts';
import { withKeptWakeToken } from './place/wake-token.ts';
import { makeHome, startScriptedHub, type Home, type ScriptedHub } from './fixture.ts';

let home: Home;
let hub: ScriptedHub;
beforeEach(async () => {
  home = await makeHome();
  hub = await startScriptedHub(home, {
    'token.create': (input) => ({ secret: `sbx_${JSON.stringify(input).replaceAll(/\W/g, '')}` }),
  });
});
afterEach(async () => {
  hub.close();
  await home.close();
});

const isLinux = process.platform === 'linux';
const install = ['agent', 'install', '--name', 'ada'];
const unitFile = (): string =>
  join(home.root, 'config', 'systemd', 'user', 'signalbox-agent-ada.service');

/** A PATH with nothing but this. */
async function withSystemctl(script: string): Promise<{ PATH: string }> {
  const bin = join(home.root, 'bin');
  await mkdir(bin, { recursive: true });
  const file = join(bin, 'systemctl');
  await writeFile(file, `#!/bin/sh\necho "$*" >> ${join(home.root, 'asked')}\n${script}\n`);
  await chmod(file, 0o755);
  return { PATH: `${bin}:/bin` };
}

test.skipIf(!isLinux)('--print shows the file and does nothing', async () => {
  const command = ['--slots', '2', '--capability=ts', '--echo', '--', 'agent', '-p', '100%', '$A'];
  const { code, stdout } = await home.run([...install, '--print', ...command]);
  expect(code).toBe(0);
  expect(stdout).toContain('"--name=ada" "--slots=2" "--capability=ts" "--echo" "--" "agent"');
  expect(stdout).toContain('"-p" "100%%" "$$A"\n');
  expect(stdout).toContain(`WorkingDirectory=${home.root}\n`);
  expect(stdout).toContain(`Environment="XDG_DATA_HOME=${join(home.root, 'data')}"\n`);
  expect(existsSync(unitFile())).toBe(false);
  expect(hub.asked).toEqual([]);
});

test.skipIf(!isLinux)(
  'a service is put in with a token for each slot, and taken out whole',
  async () => {
    const env = await withSystemctl('[ "$2" = is-active ] && echo active; exit 0');
    const installed = await home.run([...install, '--slots', '2', '--', 'true'], { env });
    expect(installed).toMatchObject({ code: 0, stderr: '' });
    expect(installed.stdout).toContain('loginctl enable-linger');
    const made = hub.asked.filter(({ operation }) => operation === 'token.create');
    expect(made.map(({ input }) => input)).toMatchObject([{ agent: 'ada-1' }, { agent: 'ada-2' }]);
    expect(await readdir(join(home.root, 'data/signalbox/tokens'))).toHaveLength(2);
    const text = await readFile(unitFile(), 'utf8');
    expect(text).not.toContain('sbx_');
    const listed = await home.run(['--json', 'agent', 'installed'], { env });
    expect(JSON.parse(listed.stdout)).toEqual({
      items: [{ name: 'ada', file: unitFile(), state: 'active' }],
    });
    expect((await home.run(['agent', 'uninstall', 'ada'], { env })).code).toBe(0);
    expect(existsSync(unitFile())).toBe(false);
    const again = await home.run(['agent', 'uninstall', 'ada'], { env });
    expect(again).toMatchObject({ code: 66, stderr: expect.stringContaining('agent installed') });
  },
);

test.skipIf(!isLinux)(
  'where there is no systemd nothing is written, and the exit code says so',
  async () => {
    const env = await withSystemctl('echo "Failed to connect to bus" >&2; exit 1');
    const { code, stderr } = await home.run([...install, '--', 'true'], { env });
    expect(code).toBe(69);
    expect(stderr).toContain('Failed to connect to bus');
    expect(stderr).toContain('signalbox agent run');
    expect(existsSync(unitFile())).toBe(false);
  },
);

test.skipIf(!isLinux)('a token is never taken into a service', async () => {
  const env = { SIGNALBOX_TOKEN: 'sbx_secret' };
  const { code, stderr } = await home.run([...install, '--', 'true'], { env });
  expect({ code, stderr }).toEqual({
    code: 64,
    stderr: expect.stringContaining(join(home.root, 'config/signalbox/config.yaml')),
  });
  const printed = await home.run([...install, '--print', '--', 'true'], { env });
  expect(printed.stdout).not.toContain('sbx_secret');
});

test.skipIf(!isLinux)('what cannot stand in a unit file is refused', async () => {
  const { code, stderr } = await home.run([...install, '--', 'sh', '-c', 'a\nb']);
  expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining('control sign') });
});

test.skipIf(!isLinux)(
  'the token that wakes an agent reaches its service, and not its file',
  async () => {
    const wake = ['--wake-url', 'http://127.0.0.1:9/wake'];
    const env = { ...(await withSystemctl('exit 0')), SIGNALBOX_WAKE_TOKEN: 'secret-word' };
    const installed = await home.run([...install, ...wake], { env });
    expect(installed.code, installed.stderr).toBe(0);
    const text = await readFile(unitFile(), 'utf8');
    expect(text + installed.stdout).not.toContain('secret-word');
    const kept = /is kept in (\S+), for you alone/.exec(installed.stdout)?.[1] ?? '';
    expect((await stat(kept)).mode & 0o777).toBe(0o600);

    const plan = agentPlan({ options: readOptions({ wakeUrl: wake[1] }), args: [], env: {} });
    const at = { env: home.env, name: 'ada' };
    expect(await withKeptWakeToken({ ...at, plan })).toMatchObject({
      trigger: { token: 'secret-word' },
    });
    const elsewhere = { wakeUrl: 'http://127.0.0.1:9/other' };
    const other = agentPlan({ options: readOptions(elsewhere), args: [], env: {} });
    expect(await withKeptWakeToken({ ...at, plan: other })).toMatchObject({
      trigger: { token: undefined },
    });
  },
);
