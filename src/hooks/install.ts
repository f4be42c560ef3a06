/** Putting the hooks of clients in and taking them out. What is there already is left as it is. */
import { claude } from './claude.ts';
import type { ClientHooks, Wanted } from './client.ts';
import { codex } from './codex.ts';
import { cursor } from './cursor.ts';
import { installEntry } from './entry-files.ts';
import { gemini } from './gemini.ts';
import { checkInstallingGit, installGit, removeGit } from './git.ts';
import { addTo, checkAdding, takeFrom, type Change, type JsonPlan } from './json-file.ts';
import { readOwn } from './own-file.ts';
import { addBlock, lookAtBlock, takeBlock, type BlockPlan } from './marked-block.ts';
import { forget, missingFolders, note, removeMadeFolders } from './traces.ts';

export const clientHooks: readonly ClientHooks[] = [claude, codex, gemini, cursor];

export type Target = ClientHooks['name'] | 'git';
export const TARGETS: readonly Target[] = ['claude', 'codex', 'gemini', 'cursor', 'git'];

export interface Installed {
  target: Target;
  changes: Change[];
  /** What is left to do by hand. */
  todo: readonly string[];
}

/** Throws what installing would be refused for, before anything is written. */
export async function checkInstalling(target: Target, wanted: Wanted): Promise<void> {
  if (target === 'git') return checkInstallingGit(wanted);
  const client = hooksOf(target);
  for (const plan of client.plans(await withKnownAgent(client, wanted))) {
    await (isBlock(plan) ? lookAtBlock(plan) : checkAdding(plan));
  }
}

export async function install(target: Target, wanted: Wanted): Promise<Installed> {
  const { env, cwd } = wanted;
  await installEntry(env);
  if (target === 'git') {
    const changes = await installGit(wanted);
    await note(env, 'clones', [cwd]);
    return { target, changes, todo: [] };
  }
  const client = hooksOf(target);
  const changes: Change[] = [];
  for (const plan of client.plans(await withKnownAgent(client, wanted))) {
    const missing = await missingFolders(plan.path);
    changes.push(isBlock(plan) ? await addBlock(plan) : await addTo(plan));
    await note(env, 'folders', missing);
  }
  return { target, changes, todo: client.todo };
}

/** The entry stays: other hooks may run it, and without hooks it does nothing. */
export async function uninstall(target: Target, wanted: Wanted): Promise<Installed> {
  const { env, cwd } = wanted;
  if (target === 'git') {
    const taken = await removeGit(wanted);
    await forget(env, 'clones', (clone) => clone === cwd);
    return { target, changes: taken, todo: [] };
  }
  const changes: Change[] = [];
  for (const plan of hooksOf(target).plans(wanted)) {
    changes.push(isBlock(plan) ? await takeBlock(plan) : await takeFrom(plan));
  }
  await removeMadeFolders(
    env,
    changes.map(({ path }) => path),
  );
  return { target, changes, todo: [] };
}

const AGENT_IN_COMMAND = /main\.js[\\"]* \w+ [a-z-]+ --agent ([A-Za-z0-9][A-Za-z0-9._-]*)/;

/** The name that was chosen when the hooks were installed stays, unless another one is given. */
export async function withKnownAgent(client: ClientHooks, wanted: Wanted): Promise<Wanted> {
  if (wanted.agent !== undefined) return wanted;
  for (const { path } of client.plans(wanted)) {
    const agent = AGENT_IN_COMMAND.exec((await readOwn(path)).text ?? '')?.[1];
    if (agent !== undefined) return { ...wanted, agent };
  }
  return wanted;
}

export function hooksOf(target: ClientHooks['name']): ClientHooks {
  const found = clientHooks.find(({ name }) => name === target);
  if (found === undefined) throw new TypeError(`no client ${target}`);
  return found;
}

export function isBlock(plan: JsonPlan | BlockPlan): plan is BlockPlan {
  return 'block' in plan;
}
