/**
 * What a sidecar keeps on disk, below `DATA/AGENT@HUB/`: one folder for an agent at a hub, used by
 * one process at a time.
 *
 *   lock.N          who uses the folder        attempts/   the journal, a file an attempt
 *   session/        the session to resume      outbox/     reports that the hub has not answered
 *   mirrors/        copies of repositories     work/       worktrees, and the commands' task files
 *   set-aside/      files that could not be read
 */
import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { nameKey, SessionId } from '../contract/index.ts';
import { openShelf, type Shelf } from './durable.ts';
import { lockFolder } from './lock.ts';
import type { Say } from './progress.ts';
import { AttemptRecord } from './record.ts';
import { Report } from './report.ts';

export interface State {
  /** Absolute and without links. */
  folder: string;
  journal: Shelf<AttemptRecord>;
  reports: Shelf<Report>;
  sessionId: string | undefined;
  saveSessionId: (sessionId: string) => Promise<void>;
  /** Lets another process use the folder. */
  release: () => Promise<void>;
}

export interface StateOptions {
  dataDir: string;
  agent: string;
  url: string;
  say: Say;
}

/** Refuses where another process uses the folder. */
export async function openState({ dataDir, agent, url, say }: StateOptions): Promise<State> {
  const wanted = join(dataDir, `${nameKey(agent)}@${hubName(url)}`);
  await mkdir(wanted, { recursive: true, mode: 0o700 });
  const folder = await realpath(wanted);
  const release = await lockFolder(folder);
  const asideFolder = join(folder, 'set-aside');
  const onAside = (path: string): void => say({ kind: 'set_aside', path });
  const shelf = <Value>(name: string, schema: z.ZodType<Value>): Promise<Shelf<Value>> =>
    openShelf({ folder: join(folder, name), schema, asideFolder, onAside });
  const sessions = await shelf('session', z.strictObject({ sessionId: SessionId }));
  const [known] = await sessions.list();
  return {
    folder,
    journal: await shelf('attempts', AttemptRecord),
    reports: await shelf('outbox', Report),
    sessionId: known?.value.sessionId,
    saveSessionId: (sessionId) => sessions.put('session', { sessionId }),
    release,
  };
}

/** Two hubs on one machine differ in their port, so the port is part of the name. */
function hubName(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`.replace(/\/+$/, '').replace(/[^A-Za-z0-9.-]+/g, '_');
}
