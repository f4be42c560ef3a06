/**
 * What is published: built and packed as for a release, and used from a folder that has nothing but
 * the package and what it depends on.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

const ROOT = resolve(import.meta.dirname, '../..');
/** All that a build reads; the rest of a checkout may hold anything. */
const SOURCES = ['src', 'docs', 'script/copy-assets.mjs', 'tsconfig.json', 'tsconfig.build.json'];
const PAPERS = ['README', 'ARCHITECTURE', 'CHANGELOG', 'CONTRIBUTING', 'SECURITY'];

const Manifest = z.object({ name: z.string(), dependencies: z.record(z.string(), z.string()) });
const Packed = z.tuple([
  z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }),
]);

const call = promisify(execFile);
let place: string;
let app: string;
let names: string[];

async function npm(cwd: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, npm_config_cache: join(place, 'cache'), NO_UPDATE_NOTIFIER: '1' };
  return (await call('npm', [...args, '--offline'], { cwd, env })).stdout;
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'signalbox-pack-'));
  const copy = join(place, 'copy');
  for (const path of [
    ...SOURCES,
    ...PAPERS.map((name) => `${name}.md`),
    'LICENSE',
    'package.json',
  ]) {
    await cp(join(ROOT, path), join(copy, path), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  await npm(copy, 'run', 'build');
  const [packed] = Packed.parse(JSON.parse(await npm(copy, 'pack', '--json')));
  names = packed.files.map(({ path }) => path);
  app = join(place, 'app');
  const { dependencies, name } = Manifest.parse(
    JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')),
  );
  const installed = join(app, 'node_modules', name);
  await mkdir(installed, { recursive: true });
  await writeFile(join(app, 'package.json'), '{}');
  await call('tar', ['-xf', join(copy, packed.filename), '--strip-components=1', '-C', installed]);
  for (const part of Object.keys(dependencies)) {
    const link = join(app, 'node_modules', part);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(ROOT, 'node_modules', part), link);
  }
});
afterAll(() => rm(place, { recursive: true, force: true }));

test('the package holds what is run and read, and nothing of the tests', () => {
  const papers = names.filter((name) => !/^(dist|docs)\//.test(name));
  const expected = ['LICENSE', 'package.json', ...PAPERS.map((name) => `${name}.md`)];
  expect(papers.toSorted()).toEqual(expected.toSorted());
  expect(names).toContain('docs/protocol.md');
  expect(names).toContain('dist/cli/main.js');
  expect(names).toContain('dist/store/migrations/0002_domain.sql');
  expect(names.filter((name) => /\.test\.|fixture/.test(name))).toEqual([]);
  expect(names.filter((name) => /^dist\/.*\.ts$/.test(name) && !name.endsWith('.d.ts'))).toEqual(
    [],
  );
});

test('what the pages of the package link to is in it', async () => {
  const missing: string[] = [];
  for (const page of names.filter((name) => name.endsWith('.md'))) {
    const text = await readFile(join(app, 'node_modules/signalbox', page), 'utf8');
    for (const [, link = ''] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      const target = posix.join(posix.dirname(page), link);
      const isThere = names.some((name) => name === target || name.startsWith(`${target}/`));
      if (!link.includes(':') && !isThere) missing.push(`${page}: ${link}`);
    }
  }
  expect(missing).toEqual([]);
});

test('what was installed runs, and each of its entries can be imported', async () => {
  const main = join(app, 'node_modules/signalbox/dist/cli/main.js');
  const { stdout } = await call(process.execPath, [main, '--help'], { cwd: app });
  expect(stdout).toContain('Usage: signalbox');
  const script = `
    const { createHub } = await import('signalbox');
    const { connect } = await import('signalbox/client');
    const { operations } = await import('signalbox/contract');
    console.log(typeof createHub, typeof connect, typeof operations['task.submit']);`;
  const args = ['--input-type=module', '--eval', script];
  const imported = await call(process.execPath, args, { cwd: app });
  expect(imported.stdout).toBe('function function object\n');
});
