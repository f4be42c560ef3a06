/** What the command line needs of the hooks. */
export {
  checkInstalling,
  install,
  TARGETS,
  uninstall,
  type Installed,
  type Target,
} from './install.ts';
export { otherClones } from './traces.ts';
export { forgetMail, removeUnusedEntry } from './unused.ts';
export { entryStatus, GATE, hooksStatus, type EntryStatus, type HooksStatus } from './status.ts';
export type { Wanted } from './client.ts';
export type { Change } from './json-file.ts';
