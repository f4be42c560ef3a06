/** How the hooks stand: where they are, whether they answer, and what no hook can enforce. */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import type { Wanted } from './client.ts';
import { entryMain, entryVersions } from './entry-files.ts';
import { gitLimits, lookAtGit } from './git.ts';
import { hooksOf, isBlock, TARGETS, withKnownAgent, type Target } from './install.ts';
import { lookAt } from './json-file.ts';
import { lookAtBlock } from './marked-block.ts';

export interface HooksStatus {
  target: Target;
  title: string;
  /** Is the client in use here: has it a folder, or is this a repository? */
  isUsed: boolean;
  /** `other`: in another form than would be written now; install again brings it up to date. */
  state: 'installed' | 'other' | 'none' | 'unreadable';
  /** Why it cannot be told. */
  problem: string | null;
  files: string[];
  limits: readonly string[];
}

export interface EntryStatus {
  path: string;
  installed: string | null;
  isCurrent: boolean;
  /** What a dry run said; null where it answered as it should. */
  problem: string | null;
}

const RUN_MS = 10_000;
/** Behind all hooks; told with every status. */
export const GATE =
  'What passes a hook by is met at the merge gate: a change that touches what was locked for ' +
  'somebody else since is not landed.';

export async function hooksStatus(wanted: Wanted): Promise<HooksStatus[]> {
  return Promise.all(TARGETS.map((target) => statusOf(target, wanted)));
}

export async function entryStatus({ env, node }: Wanted): Promise<EntryStatus> {
  const { installed, own } = await entryVersions(env);
  const path = entryMain(env);
  const problem = installed === null ? 'It is not installed.' : await dryRun(node, path);
  return { path, installed, isCurrent: installed === own, problem };
}

async function statusOf(target: Target, wanted: Wanted): Promise<HooksStatus> {
  const client = target === 'git' ? undefined : hooksOf(target);
  const common = { target, title: client?.title ?? 'git', limits: client?.limits ?? gitLimits };
  try {
    if (client === undefined) {
      return { ...common, ...NO_PROBLEM, isUsed: true, state: told(await lookAtGit(wanted)) };
    }
    const plans = client.plans(await withKnownAgent(client, wanted));
    const states = await Promise.all(
      plans.map((plan) => (isBlock(plan) ? lookAtBlock(plan) : lookAt(plan))),
    );
    const isUsed = await stat(client.folder(wanted)).then(
      () => true,
      () => false,
    );
    const files = plans.map(({ path }) => path);
    return { ...common, ...NO_PROBLEM, isUsed, state: together(states), files };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const isUsed = client !== undefined;
    return { ...common, isUsed, state: isUsed ? 'unreadable' : 'none', problem, files: [] };
  }
}

const NO_PROBLEM = { problem: null, files: [] };

type Look = 'whole' | 'other' | 'none';

function together(states: readonly Look[]): HooksStatus['state'] {
  if (states.every((state) => state === 'none')) return 'none';
  return told(states.every((state) => state === 'whole') ? 'whole' : 'other');
}

function told(state: Look): HooksStatus['state'] {
  return state === 'whole' ? 'installed' : state;
}

/** An event that asks for nothing: it must be answered with silence. */
function dryRun(node: string, main: string): Promise<string | null> {
  return new Promise((done) => {
    const args = [main, 'claude', 'pre-tool-use'];
    const child = execFile(node, args, { timeout: RUN_MS }, (error, stdout, stderr) => {
      if (error !== null) done(`It does not run: ${stderr.trim() || error.message}`);
      else done(stdout + stderr === '' ? null : `It says: ${(stdout + stderr).trim()}`);
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end('{"tool_name":"none","tool_input":{}}');
  });
}
