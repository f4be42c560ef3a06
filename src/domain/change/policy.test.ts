import fc from 'fast-check';
import picomatch from 'picomatch';
import { expect, test } from 'vitest';
import { limits } from '../../contract/limits.ts';
import { pathMatcher, patternProblem } from './path-pattern.ts';
import { assess, type Candidate } from './policy.ts';

const plain: Candidate = {
  policy: null,
  paths: ['src/a.ts'],
  additions: 1,
  deletions: 1,
  taskChecks: [],
  baseBranch: 'main',
};
const judge = (changes: Partial<Candidate>) => assess({ ...plain, ...changes });
const commands = (changes: Partial<Candidate>) =>
  judge(changes).checks.map(({ command }) => command);

test('without a policy a change is in tier 0 and passes the checks of its task', () => {
  expect(judge({ taskChecks: ['npm test'] })).toEqual({
    tier: 0,
    rules: [],
    checks: [{ command: 'npm test', timeoutMs: limits.checkTimeoutMsDefault }],
  });
});

test('the checks of a task come after those of the policy, each command once', () => {
  const policy = 'version: 1\nchecks: [npm test, {run: npm run lint, timeout: 90s}, npm test]';
  expect(judge({ policy, taskChecks: ['npm run lint', 'make', 'make'] }).checks).toEqual([
    { command: 'npm test', timeoutMs: limits.checkTimeoutMsDefault },
    { command: 'npm run lint', timeoutMs: 90_000 },
    { command: 'make', timeoutMs: limits.checkTimeoutMsDefault },
  ]);
});

test.each([
  ['.signalbox/policy.yaml', 'the policy itself'],
  ['.signalbox', 'the policy itself'],
  ['.SignalBox/other', 'the policy itself'],
  ['.github/workflows/ci.yml', 'continuous integration'],
  ['.github/actions/build/action.yml', 'continuous integration'],
  ['.GitHub/Workflows/ci.yml', 'continuous integration'],
  ['.github/workflows/a\nb.yml', 'continuous integration'],
  ['.gitlab-ci.yml', 'continuous integration'],
  ['sub/.gitlab-ci.yml', 'continuous integration'],
  ['.ci/run', 'continuous integration'],
  ['.circleci/config.yml', 'continuous integration'],
  ['Jenkinsfile', 'continuous integration'],
  ['azure-pipelines.release.yml', 'continuous integration'],
  ['CODEOWNERS', 'code owners'],
  ['docs/CODEOWNERS', 'code owners'],
])('touching %j needs a human whatever the policy says', (path, because) => {
  for (const policy of [null, 'version: 1', 'version: 1\nrules: [{paths: ["**"], tier: 0}]']) {
    const { tier, rules } = judge({ policy, paths: ['src/a.ts', path] });
    expect(tier).toBe(4);
    expect(rules[0]).toContain(because);
    expect(rules[0]).not.toContain('\n');
  }
});

test.each(['.github/ISSUE_TEMPLATE.md', 'src/codeowners.ts', 'docs/.signalbox.md', 'ci/run'])(
  'touching %j alone needs nobody',
  (path) => expect(judge({ paths: [path] }).tier).toBe(0),
);

test('a rule that holds names its reason and the paths that made it hold', () => {
  const policy =
    'version: 1\nrules:\n  - {paths: ["infra/**", "*.sql"], tier: 4, because: infrastructure}';
  expect(judge({ policy, paths: ['src/a.ts', 'infra/x/y.tf', 'z.sql'] })).toMatchObject({
    tier: 4,
    rules: ['tier 4: infrastructure: infra/**, *.sql matches infra/x/y.tf, z.sql'],
  });
  expect(judge({ policy, paths: ['src/z.sql', 'src/infra'] })).toMatchObject({
    tier: 0,
    rules: [],
  });
});

test('a rule holds only when all of its conditions hold', () => {
  const rule = '{paths: ["src/**"], branches: ["release-*"], deletionsOver: 500, tier: 4}';
  const policy = `version: 1\nrules: [${rule}]`;
  const all = { policy, baseBranch: 'release-2', deletions: 501 };
  expect(judge(all).tier).toBe(4);
  expect(judge({ ...all, deletions: 500 }).tier).toBe(0);
  expect(judge({ ...all, baseBranch: 'main' }).tier).toBe(0);
  expect(judge({ ...all, paths: ['docs/a'] }).tier).toBe(0);
});

test.each([
  ['filesOver: 1', { paths: ['a', 'b'] }, '2 files, over 1'],
  ['additionsOver: 10', { additions: 11 }, '11 added lines, over 10'],
  ['deletionsOver: 10', { deletions: 11 }, '11 deleted lines, over 10'],
])('the condition %s counts', (condition, changes, words) => {
  const policy = `version: 1\nrules: [{${condition}, tier: 4}]`;
  expect(judge({ policy }).tier).toBe(0);
  expect(judge({ policy, ...changes }).rules).toEqual([
    `tier 4: rules[0] of .signalbox/policy.yaml: ${words}`,
  ]);
});

test('the default is a floor that no rule goes below', () => {
  const policy = 'version: 1\ndefault: 4\nrules: [{paths: ["**"], tier: 0}]';
  expect(judge({ policy }).tier).toBe(4);
});

test.each([
  ['', 'line 1'],
  ['checks: [npm test]', 'line 1, version: version 1 is the one that is known here'],
  ['version: 2', 'line 1, version: version 1 is the one that is known here'],
  ['version: 1\nrules:\n  - paths: ["a"]\n    tier: 2', 'line 4, rules[0].tier'],
  ['version: 1\nchecks: [npm test]\nchekcs: []', 'line 3, chekcs'],
  ['version: 1\nrules:\n  - tier: 4\n    path: [a]', 'line 4, rules[0].path'],
  ['version: 1\nrules: [{tier: 4}]', 'line 2, rules[0]: a rule needs a condition'],
  ['version: 1\nrules: [{tier: 4, paths: []}]', 'line 2, rules[0].paths'],
  ['version: 1\nrules: [{tier: 4, paths: "a"}]', 'line 2, rules[0].paths'],
  ['version: 1\nchecks: [{run: x, timeout: 10}]', 'line 2, checks[0].timeout: a time such as'],
  ['version: 1\nchecks: [{run: x, timeout: 7h}]', 'line 2, checks[0].timeout: at most 6h'],
  ['version: 1\nchecks: [" "]', 'line 2, checks[0].run: it is empty; give a command'],
  ['version: 1\nchecks: [x, true]', 'line 2, checks[1]: a check is a command, in quotes'],
  ['version: 1\nchecks: [{run: true}]', 'line 2, checks[0].run: a check is a command, in quotes'],
  ['version: 1\nchecks: {', 'line 2'],
  ['version: 1\nversion: 1', 'line 2: Map keys must be unique'],
  ['version: 1\n---\nversion: 1', 'multiple documents'],
  ['version: 1\nchecks: &a [x]\nrules: *a', 'Alias'],
  ['version: 1\nchecks: [!!js/function x]', 'Unresolved tag'],
  ['version: 1\n__proto__: {a: 1}', '__proto__'],
  ['version: 1\n? [a]\n: b', 'keys must be strings'],
  ['\0', 'cannot be followed'],
])('the broken policy %j goes to a human, with the place', (policy, words) => {
  const { tier, rules, checks } = judge({ policy, taskChecks: ['make'] });
  expect(tier).toBe(4);
  expect(rules).toHaveLength(1);
  expect(rules[0]).toContain('.signalbox/policy.yaml of main cannot be followed');
  expect(rules[0]).toContain(words);
  expect(checks.map(({ command }) => command)).toEqual(['make']);
});

test.each([
  ['/etc/passwd', 'starts with /'],
  ['../x', 'holds ..'],
  ['a/{1..9}', 'holds ..'],
  ['!src/**', 'starts with !'],
  ['infra/', 'ends with /'],
  ['a//b', 'has an empty part'],
  ['./a', 'has an empty part'],
  ['app/[id]/x', 'holds one of'],
  ['@(a|b)', 'holds one of'],
  ['a\\*', 'holds one of'],
  ['"a"', 'holds one of'],
  ['{a', 'has braces'],
  ['{a}', 'has braces'],
  ['{a,{b,c}}', 'has braces'],
  ['{a/b,c}', 'has braces'],
  ['{a,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,}', 'stands for more than 32'],
  ['{a,b}/{a,b}{a,b}{a,b}{a,b}{a,b}', 'stands for more than 32'],
  ['{*a*,b}*', 'more than 2 *'],
  ['*a*b*', 'more than 2 *'],
  ['a/**b', '** beside other text'],
  ['a\nb', 'control character'],
])('the pattern %j is refused', (pattern, words) => {
  expect(patternProblem(pattern)).toContain(words);
  const policy = `version: 1\nrules: [{paths: [${JSON.stringify(pattern)}], tier: 4}]`;
  expect(judge({ policy }).rules[0]).toContain(words);
});

test('a pattern that is too long is refused', () => {
  expect(patternProblem('a'.repeat(257))).toContain('longer than');
});

test('a policy made to overwhelm its reader goes to a human in time', () => {
  const keys = Array.from({ length: 14_000 }, (_, index) => `k${index}: 1`);
  const texts = [
    `{${keys.join(',')}}`,
    '['.repeat(99_999),
    '- '.repeat(49_999),
    '#'.repeat(200_000),
  ];
  const started = performance.now();
  for (const policy of texts) expect(judge({ policy })).toMatchObject({ tier: 4 });
  expect(performance.now() - started).toBeLessThan(15_000);
});

const name = fc.stringMatching(/^[ab.]{1,3}$/).filter((part) => !/^\.+$/.test(part));
const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
const glob = fc
  .array(fc.oneof(name, fc.constantFrom('*', '**', 'a*', '*b', '?', '{a,bb}', 'a?', '*a*')), {
    minLength: 1,
    maxLength: 5,
  })
  .map((parts) => parts.join('/'))
  .filter((pattern) => patternProblem(pattern) === null);

test('part by part agrees with picomatch on the whole path', () => {
  // For picomatch `a/**` matches `a`, yet `*/**` does not match it; here both do.
  const expected = (pattern: string, candidate: string): boolean =>
    picomatch(pattern, { dot: true })(candidate) ||
    (pattern.endsWith('/**') && expected(pattern.slice(0, -3), candidate));
  fc.assert(
    fc.property(glob, path, (pattern, candidate) => {
      expect(pathMatcher(pattern).matches(candidate)).toBe(expected(pattern, candidate));
    }),
    { numRuns: 5_000 },
  );
});

const signs = "a b . + @ $ ^ ~ # ' , ! = % & ; : < > - _ é 😀 ` 0 {a,b} {,x} {+a,b} * ?".split(' ');
const strange = fc
  .array(fc.constantFrom(' ', ...signs), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(''))
  .filter((pattern) => patternProblem(pattern) === null);

/** The plainest reading of a pattern for one name; a star stands for `ab` here. */
function reading(pattern: string): { means: RegExp; example: string } {
  const parts = pattern.split(/(\{[^}]*\}|[*?])/).map((part) => {
    const alternatives = part.startsWith('{') ? part.slice(1, -1).split(',') : [part];
    return alternatives.map((each) => each.replace(/[^\w*?]/g, String.raw`\$&`)).join('|');
  });
  const source = parts.map(
    (part) => `(${part.replace(/(?<!\\)[*?]/g, (sign) => WILD[sign] ?? '')})`,
  );
  const example = pattern.replace(/\{[^}]*,([^}]*)\}/g, '$1').replaceAll('*', 'ab');
  return { means: new RegExp(`^${source.join('')}$`), example: example.replaceAll('?', 'c') };
}
const WILD: Record<string, string> = { '*': '[^]*', '?': '[^]' };

test('a pattern means what it looks like, whatever signs are in it', () => {
  fc.assert(
    fc.property(strange, strange, (pattern, other) => {
      const { means, example } = reading(pattern);
      fc.pre(![example, other].some((each) => ['', '.', '..'].includes(each)));
      const { matches } = pathMatcher(pattern);
      expect(matches(example)).toBe(true);
      expect(matches(other)).toBe(means.test(other));
    }),
    { numRuns: 2_000 },
  );
});

test('a line break or a decomposed accent in a path does not slip through a pattern', () => {
  expect(pathMatcher('infra/**').matches('infra/a\nb/c')).toBe(true);
  expect(pathMatcher('*.sql').matches('\u2028b.sql')).toBe(true);
  expect(pathMatcher('infra/*').matches('infra/\nb')).toBe(true);
  expect(pathMatcher('caf\u00e9/*').matches('cafe\u0301/menu')).toBe(true);
});

const anyPolicy = fc.oneof(
  fc.constant(null),
  fc.string({ maxLength: 200 }),
  fc
    .record({
      default: fc.constantFrom(0, 4),
      rules: fc.array(
        fc.record(
          {
            tier: fc.constantFrom(0, 4),
            paths: fc.array(glob, { minLength: 1, maxLength: 3 }),
            filesOver: fc.nat(5),
            deletionsOver: fc.nat(5),
          },
          { requiredKeys: ['tier', 'paths'] },
        ),
        { maxLength: 4 },
      ),
    })
    .map((policy) => JSON.stringify({ version: 1, ...policy })),
);

test('one more path never lowers the tier', () => {
  fc.assert(
    fc.property(anyPolicy, fc.array(path), fc.array(path), (policy, paths, more) => {
      const before = judge({ policy, paths }).tier;
      expect(judge({ policy, paths: [...paths, ...more] }).tier).toBeGreaterThanOrEqual(before);
    }),
  );
});

test('whatever the policy and the paths are, an assessment is made and is bounded', () => {
  const wild = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), path);
  fc.assert(
    fc.property(anyPolicy, fc.array(wild), fc.array(fc.string()), (policy, paths, taskChecks) => {
      const { rules } = judge({ policy, paths, taskChecks });
      expect(rules.every((rule) => rule.length < 4_000 && !/[\n\r]/.test(rule))).toBe(true);
      for (const check of taskChecks) expect(commands({ policy, taskChecks })).toContain(check);
    }),
  );
});

test('paths made to run a pattern forever are judged in time', () => {
  const pattern = ['**/*a*b/**/*c*d', '**/{x,aa}*a?b', 'src/**/test/**/*.ts'];
  const policy = JSON.stringify({ version: 1, rules: [{ paths: pattern, tier: 4 }] });
  const paths = Array.from({ length: 250 }, (_, index) =>
    index % 2 === 0 ? `${'a'.repeat(250)}/`.repeat(15) + index : 'a/'.repeat(2_000) + index,
  );
  const started = performance.now();
  expect(judge({ policy, paths }).tier).toBe(0);
  expect(judge({ policy, paths: ['a'.repeat(4_000)] }).rules[0]).toContain('more than 255');
  expect(performance.now() - started).toBeLessThan(10_000);
});
