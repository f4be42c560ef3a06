/** What stands in a property list, as a reader of XML has it. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { agentOfPlist, plistName, plistText } from './plist.ts';

const SIGNS = [...`aZ0 "'\\$%{};#=-&<>]![CDATA/ü漢`.split(''), '𝒜'];
const plain = fc
  .string({ unit: fc.constantFrom(...SIGNS) })
  .filter((text) => !/\p{Cc}/u.test(text));
const service = fc.record({
  name: fc.constant('ada'),
  command: fc.array(plain, { maxLength: 6 }).map((words) => ['/bin/true', ...words]),
  folder: plain.map((text) => `/${text}`),
  environment: fc.record({ PATH: plain, HOME: plain }),
});

function strings(xml: string): string[] {
  const names: Record<string, string> = { lt: '<', gt: '>', amp: '&' };
  return [...xml.matchAll(/<string>([^<]*)<\/string>/g)].map(([, text = '']) =>
    text.replaceAll(/&(\w+);/g, (_, name: string) => names[name] ?? '?'),
  );
}

test('a command, a folder and variables are read as they were given', () => {
  fc.assert(
    fc.property(service, (given) => {
      const { command, folder, environment } = given;
      const read = strings(plistText(given));
      const values = [environment.PATH, environment.HOME];
      const others = ['/dev/null', '/dev/null'];
      expect(read).toEqual(['signalbox.agent.ada', ...command, folder, ...values, ...others]);
    }),
  );
});

const READ = `import json, plistlib, sys
print(json.dumps([plistlib.loads(text.encode()) for text in json.load(sys.stdin)]))`;
const hasPython = spawnSync('python3', ['-c', 'import plistlib']).status === 0;

test.skipIf(!hasPython)('a parser of property lists reads the same', () => {
  const given = fc.sample(service, { numRuns: 100, seed: 1 });
  const input = JSON.stringify(given.map(plistText));
  const { stdout } = spawnSync('python3', ['-c', READ], { input, encoding: 'utf8' });
  const List = z.array(z.record(z.string(), z.unknown()));
  expect(List.parse(JSON.parse(stdout))).toEqual(
    given.map(({ command, folder, environment }) => ({
      Label: 'signalbox.agent.ada',
      ProgramArguments: command,
      WorkingDirectory: folder,
      EnvironmentVariables: environment,
      RunAtLoad: true,
      KeepAlive: { SuccessfulExit: false },
      ThrottleInterval: 10,
      ExitTimeOut: 120,
      StandardOutPath: '/dev/null',
      StandardErrorPath: '/dev/null',
    })),
  );
});

test('the name of the file is that of its agent', () => {
  expect(agentOfPlist(plistName('Ada_1.b-c'))).toBe('Ada_1.b-c');
  expect(agentOfPlist('com.apple.thing.plist')).toBeUndefined();
  const given = { name: 'ada', command: ['a\0b'], folder: '/', environment: {} };
  expect(() => plistText(given)).toThrow('control sign');
});
