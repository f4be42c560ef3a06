/** Do agents and git ask the hub by themselves, and what passes them by? */
import type { EntryStatus, HooksStatus } from '../../hooks/index.ts';
import { ok, warn, type Finding } from './finding.ts';

const NAME = 'hooks';
const INSTALL = 'signalbox hooks install';

export function judgeHooks(hooks: readonly HooksStatus[], entry: EntryStatus): Finding {
  const broken = hooks.find(({ state }) => state === 'unreadable');
  if (broken !== undefined) {
    const hint = 'Correct the file; `signalbox hooks status` shows more.';
    return warn(NAME, `${broken.title}: ${broken.problem ?? 'unreadable'}`, hint);
  }
  const there = hooks.filter(({ state }) => state !== 'none');
  const without = hooks.filter(({ state, isUsed }) => state === 'none' && isUsed);
  if (there.length === 0) {
    const names = without.map(({ title }) => title).join(', ');
    if (names === '') return ok(NAME, 'none, and no client that has any');
    return ok(NAME, `none for ${names}: edits take no lock; the merge gate stands alone`);
  }
  if (entry.problem !== null) return warn(NAME, entry.problem, INSTALL);
  const old = there.filter(({ state }) => state === 'other').map(({ target }) => target);
  if (old.length > 0 || !entry.isCurrent) {
    return warn(NAME, 'not as they would be installed now', `${INSTALL} ${old.join(' ')}`.trim());
  }
  const names = there.map(({ title }) => title).join(', ');
  return ok(NAME, `${names}; edits by a shell command take no lock, and meet the merge gate`);
}
