/** Services of systemd: of the user's own manager, or of the machine's. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { harmlessLine } from '../terminal/harmless.ts';
import { filesOfAgents, isOurs, placeFile } from './files.ts';
import { type RunProgram, type Service, type Services, toolOf } from './daemon.ts';
import { agentOfUnit, UNIT_MARK, unitName, unitText } from './unit.ts';

export interface SystemdOptions {
  /** Where unit files lie. */
  folder: string;
  isSystem: boolean;
  run: RunProgram;
}

export function systemd({ folder, isSystem, run }: SystemdOptions): Services {
  const scope = isSystem ? [] : ['--user'];
  const tool = toolOf(run, 'systemctl', scope);
  const fileOf = (name: string): string => join(folder, unitName(name));
  const draft = (service: Service): { file: string; text: string } => ({
    file: fileOf(service.name),
    text: unitText(service, isSystem),
  });
  const off = async (name: string): Promise<void> => {
    await tool.ask('disable', '--now', unitName(name));
    await tool.ask('reset-failed', unitName(name));
  };
  return {
    draft,
    async install(service) {
      const { file, text } = draft(service);
      await tool.must('show', '--property=Version');
      const undo = await placeFile(file, text, UNIT_MARK);
      try {
        await tool.must('daemon-reload');
        await tool.must('enable', unitName(service.name));
        // Also where it runs already: it may be another command now.
        await tool.must('restart', unitName(service.name));
      } catch (error) {
        await off(service.name);
        await undo();
        await tool.ask('daemon-reload');
        throw error;
      }
    },
    async uninstall(name) {
      if (!(await isOurs(fileOf(name), UNIT_MARK))) return false;
      await tool.must('disable', '--now', unitName(name));
      await rm(fileOf(name), { force: true });
      await tool.ask('reset-failed', unitName(name));
      await tool.must('daemon-reload');
      return true;
    },
    async list() {
      const found = await filesOfAgents(folder, agentOfUnit);
      return Promise.all(
        found.map(async ({ name, file }) => {
          const { stdout } = await tool.ask('is-active', unitName(name));
          return { name, file, state: harmlessLine(stdout) || 'unknown' };
        }),
      );
    },
    readLog: (name) => `journalctl ${[...scope, '-f', '-u', unitName(name)].join(' ')}`,
  };
}
