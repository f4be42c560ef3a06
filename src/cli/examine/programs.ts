/** Is what we stand on there, and new enough? */
import { createGit } from '../../git/run.ts';
import type { Env } from '../place/places.ts';
import { fail, messageOf, ok, warn, type Finding } from './finding.ts';

const NODE_MIN = 24;
/** `git merge-tree --write-tree` came with it. */
const GIT_MIN = { major: 2, minor: 38 };
/** November 2023: a clock before that was never set. */
const CLOCK_MIN_MS = 1_700_000_000_000;

export function examineNode(version: string): Finding {
  const major = Number.parseInt(version, 10);
  if (major >= NODE_MIN) return ok('node', `Node.js ${version}`);
  const hint = `Install Node.js ${NODE_MIN} or newer; bin/signalbox of a checkout brings its own.`;
  return fail('node', `Node.js ${version} is too old`, hint);
}

export async function examineGit(env: Env): Promise<Finding> {
  const hint = `Install git ${GIT_MIN.major}.${GIT_MIN.minor} or newer: apt-get install git`;
  try {
    return judgeGit(await createGit({ env }).text(['--version']), hint);
  } catch (error) {
    return fail('git', messageOf(error), hint);
  }
}

export function judgeGit(answer: string, hint: string): Finding {
  const [, version = '', major = '0', minor = '0'] = /((\d+)\.(\d+)[\w.]*)/.exec(answer) ?? [];
  const isNewer = Number(major) > GIT_MIN.major;
  const isEnough = Number(major) === GIT_MIN.major && Number(minor) >= GIT_MIN.minor;
  if (isNewer || isEnough) return ok('git', `git ${version}`);
  return fail('git', `git ${version || 'of an unknown version'} is too old`, hint);
}

export function examineClock(nowMs: number): Finding {
  const today = new Date(nowMs).toISOString().slice(0, 10);
  if (nowMs >= CLOCK_MIN_MS) return ok('clock', `it is ${today} here`);
  return warn('clock', `it is ${today}, this machine says`, 'Set the clock; certificates need it.');
}
