/**
 * Which tier a change is in, and which checks it must pass. Pure: the same change under the same
 * policy is always judged alike.
 *
 * The policy is that of the base branch, never the change's own. It can add checks and raise the
 * tier; nothing in it lowers what the rules of the house say, and a task's own checks add to it.
 * Whatever is unclear goes to a human: a policy that cannot be read, a field that is not known. One
 * more path never lowers the tier.
 */
import { POLICY_PATH, type Tier } from '../../contract/change.ts';
import { limits } from '../../contract/limits.ts';
import { PART_CHARS_MAX, pathMatcher } from './path-pattern.ts';
import { readPolicy, type Policy, type Rule } from './policy-file.ts';

export interface Candidate {
  /** The text of the policy in the base branch; null where there is none. */
  policy: string | null;
  /** Every path that the change adds, alters or removes; of a renamed file both. */
  paths: readonly string[];
  additions: number;
  deletions: number;
  taskChecks: readonly string[];
  baseBranch: string;
}

export interface CheckRun {
  command: string;
  timeoutMs: number;
}

export interface Assessment {
  tier: Tier;
  /** Each rule that fired, in words, with what made it fire. */
  rules: string[];
  checks: CheckRun[];
}

interface Finding {
  tier: Tier;
  text: string;
}

const RULES_SHOWN_MAX = 64;
const PATHS_SHOWN_MAX = 5;

/** Files that decide what is run or who must agree; matched without regard to case. */
const GUARDED = [
  { because: 'the policy itself', patterns: ['.signalbox/**'] },
  { because: 'code owners', patterns: ['**/CODEOWNERS'] },
  {
    because: 'continuous integration',
    patterns: [
      '.{github,gitea,forgejo}/{workflows,actions}/**',
      '.{ci,gitlab,circleci,buildkite,teamcity,semaphore,woodpecker}/**',
      '.{azuredevops,azure-pipelines}/**',
      '**/{.gitlab-ci,.travis,.drone,.woodpecker,.cirrus,.appveyor,appveyor}.{yml,yaml}',
      '**/{azure-pipelines,bitbucket-pipelines,cloudbuild,buildspec}*.{yml,yaml}',
      '**/{Jenkinsfile,.drone.star,.cirrus.star}',
    ],
  },
].map(({ because, patterns }) => ({
  because,
  matchers: patterns.map((pattern) => pathMatcher(pattern, true)),
}));

const BROKEN = 'cannot be followed';

/** Is this not a rule of the policy, but that there is none that could be followed? */
export function isOfBrokenPolicy(rule: string): boolean {
  return rule.startsWith(`tier 4: ${POLICY_PATH} of `) && rule.includes(` ${BROKEN}: `);
}

export function assess(candidate: Candidate): Assessment {
  const reading = candidate.policy === null ? null : readPolicy(candidate.policy);
  const findings = houseRules(candidate.paths);
  if (reading !== null && 'problem' in reading) {
    const text = `${POLICY_PATH} of ${candidate.baseBranch} ${BROKEN}: ${reading.problem}`;
    findings.push({ tier: 4, text });
  }
  const policy = reading !== null && 'policy' in reading ? reading.policy : null;
  if (policy !== null) findings.push(...policyRules(policy, candidate));
  return {
    tier: findings.reduce<Tier>((highest, { tier }) => (tier > highest ? tier : highest), 0),
    rules: listed(findings),
    checks: checksOf(policy, candidate.taskChecks),
  };
}

/** The rules that hold whatever the policy says. */
function houseRules(paths: readonly string[]): Finding[] {
  const findings: Finding[] = [];
  for (const { because, matchers } of GUARDED) {
    const hits = paths.filter((path) => matchers.some(({ matches }) => matches(path)));
    if (hits.length > 0) findings.push({ tier: 4, text: `${because}: ${named(hits)}` });
  }
  const long = paths.filter((path) => !isMatchable(path));
  if (long.length > 0) {
    const text = `a name of more than ${PART_CHARS_MAX} characters: ${named(long)}`;
    findings.push({ tier: 4, text });
  }
  return findings;
}

function isMatchable(path: string): boolean {
  return path.split('/').every((part) => part.length <= PART_CHARS_MAX);
}

function policyRules(policy: Policy, candidate: Candidate): Finding[] {
  const findings: Finding[] = [];
  if (policy.default > 0) {
    findings.push({ tier: policy.default, text: `default: ${policy.default} in ${POLICY_PATH}` });
  }
  for (const [index, rule] of policy.rules.entries()) {
    const reasons = reasonsOf(rule, candidate);
    if (reasons === null) continue;
    const name = rule.because ?? `rules[${index}] of ${POLICY_PATH}`;
    findings.push({ tier: rule.tier, text: `${shown(name)}: ${reasons.join('; ')}` });
  }
  return findings;
}

/** Why a rule holds, one reason for each of its conditions; null where one does not hold. */
function reasonsOf(rule: Rule, candidate: Candidate): string[] | null {
  const reasons = [
    rule.paths && pathsReason(rule.paths, candidate.paths),
    rule.branches && branchReason(rule.branches, candidate.baseBranch),
    overReason('files', candidate.paths.length, rule.filesOver),
    overReason('added lines', candidate.additions, rule.additionsOver),
    overReason('deleted lines', candidate.deletions, rule.deletionsOver),
  ].filter((reason) => reason !== undefined);
  return reasons.every((reason) => reason !== null) ? reasons : null;
}

function pathsReason(patterns: readonly string[], paths: readonly string[]): string | null {
  const matchers = patterns.map((pattern) => pathMatcher(pattern));
  const fired = new Set<string>();
  const hits = paths.filter((path) => {
    if (!isMatchable(path)) return false;
    const matcher = matchers.find(({ matches }) => matches(path));
    if (matcher !== undefined) fired.add(matcher.pattern);
    return matcher !== undefined;
  });
  return hits.length === 0 ? null : `${named([...fired])} matches ${named(hits)}`;
}

function branchReason(patterns: readonly string[], branch: string): string | null {
  const pattern = patterns.find((each) => pathMatcher(each).matches(branch));
  return pattern === undefined ? null : `${pattern} matches the branch ${branch}`;
}

function overReason(what: string, count: number, over?: number): string | null | undefined {
  if (over === undefined) return undefined;
  return count > over ? `${count} ${what}, over ${over}` : null;
}

/** The policy's checks, then the task's own; a command that both name is run once. */
function checksOf(policy: Policy | null, taskChecks: readonly string[]): CheckRun[] {
  const checks = new Map<string, CheckRun>();
  for (const { run, timeout } of policy?.checks ?? []) {
    const timeoutMs = timeout ?? limits.checkTimeoutMsDefault;
    if (!checks.has(run)) checks.set(run, { command: run, timeoutMs });
  }
  for (const command of taskChecks) {
    if (checks.has(command)) continue;
    checks.set(command, { command, timeoutMs: limits.checkTimeoutMsDefault });
  }
  return [...checks.values()];
}

function listed(findings: readonly Finding[]): string[] {
  const lines = findings.slice(0, RULES_SHOWN_MAX).map(({ tier, text }) => `tier ${tier}: ${text}`);
  const more = findings.length - lines.length;
  return more > 0 ? [...lines, `and ${more} more rules`] : lines;
}

function named(things: readonly string[]): string {
  const names = things.slice(0, PATHS_SHOWN_MAX).map(shown);
  const more = things.length - names.length;
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** A path is chosen by the author of the change: nothing in it may break a line or hide a part. */
function shown(text: string): string {
  const visible = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return visible.length > 200 ? `${visible.slice(0, 200)}…` : visible;
}
