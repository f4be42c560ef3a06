/** The hooks of each client in its own files, put in, looked at and taken out. */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Client } from './entry/dialect.ts';
import { entryFolder, installEntry } from './entry-files.ts';
import { openPlace, type Place } from './fixture.ts';
import { install, uninstall } from './install.ts';
import { entryStatus, hooksStatus } from './status.ts';

const FILES: Record<Client, Record<string, string>> = {
  claude: {
    '.claude/settings.json':
      '{\n\t"model": "opus",\n\t"hooks": {\n\t\t"Stop": [{"hooks": [{"type":"command","command":"beep"}]}]\n\t}\n}',
    '.claude.json':
      '{"numStartups": 12345678901234567890, "mcpServers": {"other": {"command": "x"}}}',
  },
  codex: {
    '.codex/hooks.json': '{ "hooks": {} }\n',
    '.codex/config.toml': 'model = "o5" # mine\r\n[mcp_servers.other]\r\ncommand = "x"',
  },
  gemini: { '.gemini/settings.json': '{\n    "security": {"auth": {"selectedType": "x"}}\n}\n\n' },
  cursor: {
    '.cursor/hooks.json': '{"version": 1}',
    '.cursor/mcp.json': '{\r\n  "mcpServers": {}\r\n}',
  },
};
const CLIENTS: Client[] = ['claude', 'codex', 'gemini', 'cursor'];

async function contents({ root }: Place): Promise<Record<string, string>> {
  const names = await readdir(root, { recursive: true, withFileTypes: true });
  const files = names
    .filter((one) => one.isFile() && !one.parentPath.startsWith(join(root, 'data')))
    .map((one) => join(one.parentPath, one.name))
    .filter((path) => !path.startsWith(join(root, 'repo/.git/')));
  return Object.fromEntries(
    await Promise.all(
      files.map(
        async (path) => [path.slice(root.length + 1), await readFile(path, 'utf8')] as const,
      ),
    ),
  );
}

async function stateOf(place: Place, client: Client, scope: 'user' | 'project'): Promise<string> {
  const all = await hooksStatus(place.wanted({ scope }));
  return all.find(({ target }) => target === client)?.state ?? 'absent';
}

const CASES = CLIENTS.flatMap((client) =>
  (['user', 'project'] as const).flatMap((scope) =>
    (['nothing', 'files of their own'] as const).map((found) => ({ client, scope, found })),
  ),
);

test.each(CASES)(
  '$client ($scope) with $found: twice is once, and away leaves every byte',
  async ({ client, scope, found }) => {
    const place = await openPlace();
    if (found !== 'nothing') {
      for (const [path, text] of Object.entries(FILES[client])) {
        const folder = scope === 'user' || path === '.claude.json' ? place.root : place.repo;
        const name =
          scope === 'project' ? path.replace('settings.json', 'settings.local.json') : path;
        const file = join(folder, client === 'claude' ? name : path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, text);
      }
    }
    const before = await contents(place);
    expect(await stateOf(place, client, scope)).toBe('none');
    await install(client, place.wanted({ scope }));
    const after = await contents(place);
    expect(await stateOf(place, client, scope)).toBe('installed');
    const again = await install(client, place.wanted({ scope }));
    expect(again.changes.some(({ isChanged }) => isChanged)).toBe(false);
    expect(await contents(place)).toEqual(after);
    await install(client, place.wanted({ scope, agent: 'carol' }));
    expect(await contents(place)).not.toEqual(after);
    expect(JSON.stringify(await contents(place))).toContain('--agent carol');
    expect(await stateOf(place, client, scope)).toBe('installed');
    await uninstall(client, place.wanted({ scope }));
    expect(await contents(place)).toEqual(before);
    expect(await stateOf(place, client, scope)).toBe('none');
  },
);

test('what is installed for Claude Code are its five events and the server', async () => {
  const place = await openPlace();
  await install('claude', place.wanted({ node: '/opt/my node/node' }));
  const { hooks } = JSON.parse(await readFile(join(place.root, '.claude/settings.json'), 'utf8'));
  expect(Object.keys(hooks)).toEqual([
    'SessionStart',
    'UserPromptSubmit',
    'PreToolUse',
    'Stop',
    'SessionEnd',
  ]);
  expect(hooks.PreToolUse).toEqual([
    {
      matcher: 'Edit|MultiEdit|Write|NotebookEdit',
      hooks: [
        {
          type: 'command',
          command: `"/opt/my node/node" "${entryFolder(place.env)}/main.js" claude pre-tool-use`,
          timeout: 15,
        },
      ],
    },
  ]);
  const { mcpServers } = JSON.parse(await readFile(join(place.root, '.claude.json'), 'utf8'));
  expect(mcpServers).toEqual({
    signalbox: { type: 'stdio', command: '/opt/signalbox/cli/main.js', args: ['mcp'] },
  });
});

test('a command line survives the shell, whatever its folder is called', async () => {
  const place = await openPlace();
  const data = join(place.root, `it's $HOME "q" \`x\` n`);
  const env = { ...place.env, XDG_DATA_HOME: data };
  await install('claude', place.wanted({ env }));
  const { hooks } = JSON.parse(await readFile(join(place.root, '.claude/settings.json'), 'utf8'));
  const { command } = hooks.PreToolUse[0].hooks[0];
  const told = '{"tool_name":"none","tool_input":{}}';
  expect(execFileSync('sh', ['-c', command], { input: told, env, encoding: 'utf8' })).toBe('');
  expect(await readdir(join(data, 'signalbox/hooks'))).toContain('main.js');
});

test('a server called signalbox that is somebody else’s is kept, and said', async () => {
  const place = await openPlace();
  const own = '[mcp_servers.signalbox]\ncommand = "theirs"\n';
  await mkdir(join(place.root, '.codex'));
  await writeFile(join(place.root, '.codex/config.toml'), own);
  await writeFile(
    join(place.root, '.claude.json'),
    '{"mcpServers": {"signalbox": {"command": "x"}}}',
  );
  const codex = await install('codex', place.wanted());
  expect(codex.changes[1]).toMatchObject({ isChanged: false, taken: ['[mcp_servers.signalbox]'] });
  expect(await readFile(join(place.root, '.codex/config.toml'), 'utf8')).toBe(own);
  const claude = await install('claude', place.wanted());
  expect(claude.changes[1]).toMatchObject({ isChanged: false, taken: ['mcpServers.signalbox'] });
  await uninstall('claude', place.wanted());
  expect(await readFile(join(place.root, '.claude.json'), 'utf8')).toContain('"command": "x"');
});

test('one hook of a person beside ours in a group is not taken away', async () => {
  const place = await openPlace();
  await install('claude', place.wanted());
  const path = join(place.root, '.claude/settings.json');
  const value = JSON.parse(await readFile(path, 'utf8'));
  value.hooks.Stop[0].hooks.push({ type: 'command', command: 'beep' });
  await writeFile(path, JSON.stringify(value));
  await uninstall('claude', place.wanted());
  expect(await readFile(path, 'utf8')).toContain('beep');
});

test('a file that cannot be read is told by status, and left', async () => {
  const place = await openPlace();
  await mkdir(join(place.root, '.gemini'));
  await writeFile(join(place.root, '.gemini/settings.json'), '{ // mine\n}');
  const all = await hooksStatus(place.wanted());
  expect(all.find(({ target }) => target === 'gemini')).toMatchObject({
    state: 'unreadable',
    problem: expect.stringMatching(/line 1: a comment/),
  });
  expect(all.find(({ target }) => target === 'claude')).toMatchObject({
    state: 'none',
    isUsed: false,
  });
  for (const { limits } of all) expect(limits.length).toBeGreaterThan(0);
});

test('the entry is JavaScript that stands alone, and an old or broken one is found out', async () => {
  const place = await openPlace();
  const wanted = place.wanted();
  expect(await entryStatus(wanted)).toMatchObject({ installed: null, isCurrent: false });
  const { main, version, isChanged } = await installEntry(place.env);
  expect(isChanged).toBe(true);
  expect((await installEntry(place.env)).isChanged).toBe(false);
  expect(await entryStatus(wanted)).toEqual({
    path: main,
    installed: version,
    isCurrent: true,
    problem: null,
  });
  const folder = entryFolder(place.env);
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8');
    expect(name).toMatch(/\.(js|json)$/);
    for (const [, what = ''] of text.matchAll(/(?:from |import\()'([^']+)'/g)) {
      expect(what).toMatch(/^(node:\w+|\.\/[a-z-]+\.js)$/);
    }
  }
  await symlink(join(folder, 'json.js'), join(folder, 'other.js'));
  await rm(join(folder, 'wire.js'));
  expect(await entryStatus(wanted)).toMatchObject({
    problem: expect.stringMatching(/does not run/),
  });
  expect((await installEntry(place.env)).isChanged).toBe(true);
  expect(await entryStatus(wanted)).toMatchObject({ problem: null });
});
