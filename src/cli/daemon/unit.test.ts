/** What stands in a unit file, as systemd reads it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { agentOfUnit, unitName, unitText } from './unit.ts';

const plain = fc
  .string({ unit: fc.constantFrom(...`aZ0 "'\\$%{};#=-~@:+!*?&|<>()ü漢`.split('')) })
  .filter((text) => !/\p{Cc}/u.test(text));
const command = fc.array(plain, { maxLength: 6 }).map((words) => ['/bin/true', ...words]);
const folder = plain.map((text) => `/${text}x`);
const environment = fc.record({ PATH: plain, HOME: plain });
const service = fc.record({ name: fc.constant('ada'), command, folder, environment });

/** systemd.syntax(7): words between double quotes with escapes; then specifiers. */
function wordsOf(line: string): string[] {
  const found = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) =>
    word.replaceAll(/\\(.)/g, '$1'),
  );
  return found.map((word) => specified(word));
}

function specified(text: string): string {
  expect(text.replaceAll('%%', '')).not.toContain('%');
  return text.replaceAll('%%', '%');
}

function valuesOf(text: string, key: string): string[] {
  const lines = text.split('\n').filter((line) => line.startsWith(`${key}=`));
  return lines.map((line) => line.slice(key.length + 1));
}

test('a command, a folder and variables are read as they were given', () => {
  fc.assert(
    fc.property(service, (given) => {
      const text = unitText(given, false);
      const [exec = ''] = valuesOf(text, 'ExecStart');
      const read = wordsOf(exec).map((word) => {
        expect(word.replaceAll('$$', '')).not.toContain('$');
        return word.replaceAll('$$', '$');
      });
      expect(read).toEqual(given.command);
      expect(valuesOf(text, 'WorkingDirectory').map(specified)).toEqual([given.folder]);
      expect(valuesOf(text, 'Environment').flatMap(wordsOf)).toEqual([
        `PATH=${given.environment.PATH}`,
        `HOME=${given.environment.HOME}`,
      ]);
    }),
  );
});

const hasVerify = spawnSync('systemd-analyze', ['--version']).status === 0;

test.skipIf(!hasVerify)('systemd itself has nothing to say against such a file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-unit-'));
  try {
    const files = fc.sample(service, { numRuns: 60, seed: 1 }).map((given, index) => {
      const file = join(dir, unitName(`ada-${index}`));
      writeFileSync(file, unitText({ ...given, folder: '/tmp' }, index % 2 === 0));
      return file;
    });
    const broken = join(dir, unitName('broken'));
    writeFileSync(broken, unitText({ ...oneService(), folder: '/tmp' }, false).replace('""', '"'));
    const options = { encoding: 'utf8', env: { ...process.env, XDG_RUNTIME_DIR: dir } } as const;
    const verify = (...which: string[]) =>
      spawnSync('systemd-analyze', ['verify', '--man=no', ...which], options).stderr;
    const said = (text: string): string[] =>
      text.split('\n').filter((line) => line.includes('signalbox-agent-'));
    expect(said(verify(broken))).not.toEqual([]);
    expect(said(verify(...files))).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

function oneService() {
  return { name: 'ada', command: ['/bin/true', ''], environment: { HOME: '/' } };
}

test('the name of a unit is that of its agent, and stands for itself', () => {
  expect(agentOfUnit(unitName('Ada_1.b-c'))).toBe('Ada_1.b-c');
  expect(agentOfUnit('ssh.service')).toBeUndefined();
  if (!hasVerify) return;
  const name = unitName('Ada_1.b-c');
  const { stdout } = spawnSync('systemd-escape', ['--mangle', name], { encoding: 'utf8' });
  expect(stdout.trim()).toBe(name);
});

test('what no unit file can hold is refused', () => {
  const given = { name: 'ada', command: ['/bin/true'], folder: '/', environment: {} };
  const refused = (more: Partial<typeof given>) => () => unitText({ ...given, ...more }, false);
  expect(refused({ command: ['/bin/true', 'a\nb'] })).toThrow('control sign');
  expect(refused({ command: ['/a$b'] })).toThrow('no program with a $');
  expect(refused({ folder: '/a ' })).toThrow('cannot work in');
  expect(refused({ folder: '/a\\' })).toThrow('cannot work in');
  expect(refused({ environment: { HOME: 'a\rb' } })).toThrow('control sign');
});
