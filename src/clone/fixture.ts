/** For tests: a clone as a user has one, of a repository in a temporary folder. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { commitElsewhere, makePlace, type Place } from '../git/fixture.ts';
import type { Env } from '../git/environment.ts';
import { createGit, type Git } from '../git/run.ts';
import { type Clone, openClone } from './open.ts';

export interface Desk {
  place: Place;
  /** As the user's own git, with their hooks and their name. */
  git: Git;
  remote: string;
  clone: Clone;
  /** A commit in the clone; answers its id. */
  commit: (files: Readonly<Record<string, string>>, message?: string) => Promise<string>;
  write: (file: string, text: string) => Promise<void>;
  /** A commit on the remote that the clone has not fetched. */
  elsewhere: (file: string, branch?: string, from?: string) => Promise<string>;
  hook: (name: string, script: string) => Promise<void>;
  /** The user types git in the clone. */
  type: (...args: string[]) => Promise<string>;
  remove: () => Promise<void>;
}

export const BRANCH = 'signalbox/tsk_000000000000000000001/1';

export async function makeDesk(folder = 'clone', more: Env = {}): Promise<Desk> {
  const place = await makePlace();
  const remote = await place.remote('app');
  const top = place.path(folder);
  await mkdir(dirname(top), { recursive: true });
  await place.plain(place.dir, 'clone', '--quiet', remote, top);
  await place.plain(top, 'config', 'user.name', 'Grace');
  await place.plain(top, 'config', 'user.email', 'grace@example.org');
  const git = createGit({ env: { ...place.env, ...more }, ownership: 'users' });
  const clone = await openClone(git, top);
  const type = (...args: string[]): Promise<string> => place.plain(top, ...args);
  const write = (file: string, text: string): Promise<void> => place.write(join(top, file), text);
  return {
    place,
    git,
    remote,
    clone,
    write,
    type,
    async commit(files, message = 'work') {
      for (const [file, text] of Object.entries(files)) await write(file, text);
      await type('add', '--all');
      await type('commit', '--quiet', '--no-verify', `--message=${message}`);
      return type('rev-parse', 'HEAD');
    },
    elsewhere: (file, branch = 'main', from = 'main') =>
      commitElsewhere(place, remote, { files: { [file]: `${file}\n` }, branch, from }),
    async hook(name, script) {
      const path = join(clone.commonDir, 'hooks', name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, `#!/bin/sh\n${script}\n`);
      await chmod(path, 0o755);
    },
    remove: () => place.remove(),
  };
}
