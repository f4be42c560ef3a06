/** What hooks have left on this machine goes when nothing needs it any more. */
import { rm, stat } from 'node:fs/promises';
import type { Wanted } from './client.ts';
import { cursorFile } from './entry/mail.ts';
import { entryFolder } from './entry-files.ts';
import { hooksStatus } from './status.ts';

/** How far this agent has read its mail at this hub is nobody's any more. */
export async function forgetMail({ env }: Wanted, agent: string, url: string): Promise<void> {
  await rm(cursorFile(env, { agent, hub: { url } }), { force: true });
}

/**
 * Answers the folder that was taken away; undefined where there is none, or where hooks of this
 * user, or of the project and the clone in this folder, run what lies in it. Those of other clones
 * of git do nothing without it.
 */
export async function removeUnusedEntry(wanted: Wanted): Promise<string | undefined> {
  const scopes = ['user', 'project'] as const;
  const all = await Promise.all(scopes.map((scope) => hooksStatus({ ...wanted, scope })));
  if (all.flat().some(({ state }) => state !== 'none')) return undefined;
  const folder = entryFolder(wanted.env);
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  if (isThere) await rm(folder, { recursive: true, force: true });
  return isThere ? folder : undefined;
}
