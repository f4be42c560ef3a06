/** Files of the user: only our part changes, and it goes without a trace. */
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { addTo, lookAt, takeFrom, type JsonPlan } from './json-file.ts';

async function folder(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'signalbox-json-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return root;
}

const ours = (word: string): { command: string } => ({ command: `ours ${word}` });

function planFor(path: string): JsonPlan {
  return {
    path,
    additions: [
      { path: ['hooks', 'Start'], item: ours('start') },
      { path: ['hooks', 'Stop'], item: ours('stop') },
      { path: ['servers', 'deep', 'signalbox'], value: ours('server') },
    ],
    isOurs: (text) => text.includes('"ours '),
  };
}

/** Any value, written in any way that JSON allows. */
const space = fc.constantFrom('', ' ', '\n', '\n    ', '\t', '\r\n  ');
const scalar = fc.oneof(
  fc.json({ maxDepth: 0 }),
  fc.constantFrom('1.0', '1e400', '-0', '12345678901234567890', '"\\u00e9\\/"', '"//"', '"{,]"'),
);
const name = fc.oneof(
  fc.constantFrom('a', '1', '__proto__', 'hooks', 'constructor'),
  fc.string({ maxLength: 5 }),
);
const { value: written } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, tie('list'), tie('object')),
  list: fc
    .array(fc.tuple(space, tie('value'), space), { maxLength: 3 })
    .map((items) => `[${items.map((parts) => parts.join('')).join(',')}]`),
  object: fc
    .array(fc.tuple(space, name, space, space, tie('value'), space), { maxLength: 3 })
    .map((members) => {
      const texts = members.map(
        ([a, key, b, c, value, d]) => `${a}${JSON.stringify(key)}${b}:${c}${value}${d}`,
      );
      return `{${texts.join(',')}}`;
    }),
}));

/** With room for ours: what has the place of a list or of an object is one. */
const settings = fc
  .tuple(
    fc.dictionary(
      name.filter((key) => key !== 'hooks' && key !== 'servers'),
      written,
      { maxKeys: 3 },
    ),
    fc.option(fc.array(written, { maxLength: 3 }), { nil: undefined }),
    fc.option(fc.dictionary(name, written, { maxKeys: 2 }), { nil: undefined }),
    fc.array(space, { minLength: 6, maxLength: 6 }),
    fc.constantFrom('', '\uFEFF'),
  )
  .map(([others, stops, deep, [a = '', b = '', c = '', d = '', e = '', f = ''], mark]) => {
    const members = Object.entries(others).map(
      ([key, text]) => `${JSON.stringify(key)}:${a}${text}`,
    );
    if (stops !== undefined) members.push(`"hooks":${b}{"Stop":${c}[${stops.join(`,${d}`)}]}`);
    if (deep !== undefined) {
      const inner = Object.entries(deep).map(([key, text]) => `${JSON.stringify(key)}: ${text}`);
      members.push(`"servers": {${e}"deep": {${inner.join(',')}}}`);
    }
    return `${mark}{${a}${members.join(`${f},${f}`)}${b}}${f}`;
  });

test('whatever a file holds, adding changes nothing else, and taking away restores every byte', async () => {
  const root = await folder();
  const plan = planFor(join(root, 'settings.json'));
  await fc.assert(
    fc.asyncProperty(settings, async (before) => {
      await writeFile(plan.path, before);
      expect((await addTo(plan)).isChanged).toBe(true);
      const after = await readFile(plan.path, 'utf8');
      // Every piece of the old text is there, in order: only additions were made.
      let at = 0;
      for (const sign of before) {
        at = after.indexOf(sign, at) + 1;
        if (!/\s/.test(sign)) expect(at).toBeGreaterThan(0);
        if (at === 0) break;
      }
      const value = JSON.parse(after.replace(/^\uFEFF/, ''));
      expect(value.hooks.Start.at(-1)).toEqual(ours('start'));
      expect(value.hooks.Stop.at(-1)).toEqual(ours('stop'));
      expect(value.servers.deep.signalbox).toEqual(ours('server'));
      expect(await lookAt(plan)).toBe('whole');
      expect((await addTo(plan)).isChanged).toBe(false);
      expect(await readFile(plan.path, 'utf8')).toBe(after);
      expect((await takeFrom(plan)).isChanged).toBe(true);
      expect(await readFile(plan.path, 'utf8')).toBe(before);
      expect(await readdir(root)).toEqual(['settings.json']);
    }),
    { numRuns: 150 },
  );
});

test('what was changed since stays when ours goes', async () => {
  const root = await folder();
  const plan = planFor(join(root, 'settings.json'));
  await writeFile(plan.path, '{\n    "a": 1.0,\n    "b": [1, 2]\n}\n');
  await addTo(plan);
  const text = await readFile(plan.path, 'utf8');
  expect(text).toContain('\n    "hooks": {\n        "Start": [\n            {');
  const edited = text
    .replace('"b": [1, 2]', '"b": [1, 2, 3]')
    .replace('"Start": [', '"Start": [7,');
  await writeFile(plan.path, edited);
  await takeFrom(plan);
  const left = await readFile(plan.path, 'utf8');
  expect(left).toContain('"a": 1.0,\n    "b": [1, 2, 3],\n');
  expect(JSON.parse(left)).toEqual({ a: 1, b: [1, 2, 3], hooks: { Start: [7] } });
});

test('a file that was not there is made for its owner, and is gone again', async () => {
  const root = await folder();
  const plan = planFor(join(root, 'new/settings.json'));
  expect(await lookAt(plan)).toBe('none');
  expect((await takeFrom(plan)).isChanged).toBe(false);
  await addTo(plan);
  expect((await stat(plan.path)).mode & 0o777).toBe(0o600);
  await takeFrom(plan);
  expect(await readdir(join(root, 'new'))).toEqual([]);
});

test('of two members of one name the last one is the one that counts', async () => {
  const root = await folder();
  const plan = planFor(join(root, 'settings.json'));
  await writeFile(plan.path, '{"hooks": {"Stop": 1}, "hooks": {"Stop": []}}');
  await addTo(plan);
  const text = await readFile(plan.path, 'utf8');
  expect(text).toMatch(/^\{"hooks": \{"Stop": 1\}, "hooks"/);
  expect(JSON.parse(text)).toMatchObject({ hooks: { Stop: [ours('stop')] } });
});

test('an empty file is empty again', async () => {
  const root = await folder();
  const plan = planFor(join(root, 'settings.json'));
  await writeFile(plan.path, '\n');
  await addTo(plan);
  await takeFrom(plan);
  expect(await readFile(plan.path, 'utf8')).toBe('\n');
});

test.each([
  ['{\n  "a": 1, // why\n  "b": 2\n}', /line 2: a comment/],
  ['{\n\n  "a": 1,\n}', /line 4: .*quotes/],
  ["{\n  'a': 1\n}", /line 2/],
  ['{"a": 1', /line 1/],
  ['{"a": NaN}', /line 1: a value/],
  ['{"a": 01}', /line 1/],
  ['{"a": "\u0001"}', /line 1/],
  ['{} {}', /line 1: something follows/],
  ['[]', /its top is not an object/],
  ['{"hooks": []}', /hooks is not an object/],
  ['{"hooks": {"Stop": {}}}', /hooks\.Stop is not a list/],
  ['{"servers": {"deep": 1}}', /servers\.deep is not an object/],
  [`${'['.repeat(5_000)}`, /nested too deeply/],
])('%.40s is refused with its line and a hint, and stays as it is', async (text, why) => {
  const root = await folder();
  const plan = planFor(join(root, 'settings.json'));
  await writeFile(plan.path, text);
  await expect(addTo(plan)).rejects.toThrow(why);
  expect(await readFile(plan.path, 'utf8')).toBe(text);
  expect(await readdir(root)).toEqual(['settings.json']);
});

test('what is not UTF-8, and what is no file, is refused', async () => {
  const root = await folder();
  const bytes = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
  const plan = planFor(join(root, 'settings.json'));
  await writeFile(plan.path, bytes);
  await expect(addTo(plan)).rejects.toThrow(/not UTF-8/);
  expect(await readFile(plan.path)).toEqual(bytes);
  await mkdir(join(root, 'folder.json'));
  await expect(addTo(planFor(join(root, 'folder.json')))).rejects.toThrow(/no file/);
});

test('a link stays a link, and the file behind it keeps its mode', async () => {
  const root = await folder();
  await mkdir(join(root, 'dotfiles'));
  const real = join(root, 'dotfiles/settings.json');
  await writeFile(real, '{}\n', { mode: 0o640 });
  const plan = planFor(join(root, 'settings.json'));
  await symlink('dotfiles/settings.json', plan.path);
  await addTo(plan);
  expect((await lstat(plan.path)).isSymbolicLink()).toBe(true);
  expect((await stat(real)).mode & 0o777).toBe(0o640);
  expect(await readFile(real, 'utf8')).toContain('ours start');
  await takeFrom(plan);
  expect(await readFile(real, 'utf8')).toBe('{}\n');
});

test('ours is brought up to date in its place, and a name that is taken stays', async () => {
  const root = await folder();
  const plan = planFor(join(root, 'settings.json'));
  const foreign = { deep: { signalbox: { command: 'theirs' } } };
  const before = {
    hooks: { Stop: [{ command: 'ours old' }, 1, { command: 'ours two' }] },
    servers: foreign,
  };
  await writeFile(plan.path, JSON.stringify(before));
  expect(await lookAt(plan)).toBe('other');
  expect(await addTo(plan)).toMatchObject({ taken: ['servers.deep.signalbox'] });
  expect(JSON.parse(await readFile(plan.path, 'utf8'))).toEqual({
    hooks: { Stop: [ours('stop'), 1], Start: [ours('start')] },
    servers: foreign,
  });
  await takeFrom(plan);
  expect(JSON.parse(await readFile(plan.path, 'utf8'))).toEqual({
    hooks: { Stop: [1] },
    servers: foreign,
  });
});
