/** What a command is: its words, its options, and where its code lies. */
import type { Command } from '../run.ts';

export interface OptionEntry {
  flags: string;
  summary: string;
  /** May be given several times. */
  isMany?: boolean;
  isRequired?: boolean;
  fallback?: string;
}

export interface CommandEntry {
  /** `noun` or `noun verb`. */
  name: string;
  /** As commander writes them: `<id>`, `[json]`, `<command...>`. */
  args?: string;
  summary: string;
  group: 'Run' | 'Work' | 'Talk' | 'Look' | 'Manage';
  options?: readonly OptionEntry[];
  /** Shown below the help. */
  example?: string;
  load: () => Promise<Command>;
}

export const PAGE: readonly OptionEntry[] = [
  { flags: '--limit <count>', summary: 'how many at most' },
  { flags: '--cursor <cursor>', summary: 'go on after the page that named this cursor' },
];

export const REASON: OptionEntry = {
  flags: '--reason <text>',
  summary: 'why, for those who read it later',
};

export const AS: OptionEntry = {
  flags: '--as <name>',
  summary: 'be this agent; AGENT_ID unless told',
};
