/** Services of launchd: of the user who is logged in, or of the machine. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { filesOfAgents, isOurs, placeFile } from './files.ts';
import { agentOfPlist, labelOf, PLIST_MARK, plistName, plistText } from './plist.ts';
import {
  type RunProgram,
  type Service,
  type Services,
  type Tool,
  toolOf,
  toolRefused,
} from './daemon.ts';

export interface LaunchdOptions {
  /** Where property lists lie. */
  folder: string;
  /** `gui/501`, or `system`. */
  domain: string;
  run: RunProgram;
  clock: Clock;
}

/** A sidecar that stops pushes what its command made; launchd ends it after this, too. */
const GOODBYE_MS = 125_000;
const LOOK_MS = 200;

export function launchd({ folder, domain, run, clock }: LaunchdOptions): Services {
  const fileOf = (name: string): string => join(folder, plistName(name));
  const target = (name: string): string => `${domain}/${labelOf(name)}`;
  const tool = toolOf(run, 'launchctl', []);
  const isLoaded = (name: string): Promise<boolean> => isThere(tool, target(name));
  const draft = (service: Service): { file: string; text: string } => ({
    file: fileOf(service.name),
    text: plistText(service),
  });
  return {
    draft,
    async install(service) {
      const { file, text } = draft(service);
      await tool.must('print', domain);
      const undo = await placeFile(file, text, PLIST_MARK);
      try {
        if (await isLoaded(service.name)) await unload(tool, target(service.name), clock);
        await tool.must('bootstrap', domain, file);
      } catch (error) {
        await undo();
        throw error;
      }
    },
    async uninstall(name) {
      if (!(await isOurs(fileOf(name), PLIST_MARK))) return false;
      if (await isLoaded(name)) await unload(tool, target(name), clock);
      await rm(fileOf(name), { force: true });
      return true;
    },
    async list() {
      const found = await filesOfAgents(folder, agentOfPlist);
      return Promise.all(
        found.map(async ({ name, file }) => {
          const { code, stdout } = await tool.ask('print', target(name));
          const state = /^\s*state = (.*)$/m.exec(stdout)?.[1] ?? 'loaded';
          return { name, file, state: code === 0 ? harmlessLine(state) : 'not loaded' };
        }),
      );
    },
    readLog: (name) => `launchctl print ${target(name)}`,
  };
}

async function isThere(tool: Tool, target: string): Promise<boolean> {
  return (await tool.ask('print', target)).code === 0;
}

/** launchd answers before the program has ended, and starts none of its name until then. */
async function unload(tool: Tool, target: string, clock: Clock): Promise<void> {
  const untilMs = clock.nowMs() + GOODBYE_MS;
  const { stderr } = await tool.ask('bootout', target);
  while (await isThere(tool, target)) {
    if (clock.nowMs() >= untilMs) throw toolRefused(`launchctl bootout ${target}`, stderr);
    await clock.sleep(LOOK_MS);
  }
}
