/** What every handler gets: who asks, when it is, and the one handle that it may write through. */
import type { Role, Scope } from '../../contract/index.ts';
import type { Random } from '../../core/random.ts';
import type { Db, Tx } from '../../store/db.ts';
import type { Dialect } from '../../store/dialect.ts';

export interface Actor {
  name: string;
  /** The name in the form in which names are compared. */
  key: string;
  /** `guest`: who brings the code of an invite, and may do no more than join. */
  role: Role | 'guest';
  project: string;
  scopes: ReadonlySet<Scope>;
  tokenId: string | null;
  /** Under `--auth none`: has said no name, and could have said any. */
  isUnnamed?: true;
}

export interface QueryContext {
  db: Db;
  dialect: Dialect;
  actor: Actor;
  nowMs: number;
}

export interface CommandContext {
  tx: Tx;
  actor: Actor;
  nowMs: number;
  random: Random;
  /**
   * Tasks know nothing of changes but their ids, and may end with a change under way. False where
   * its landing has begun, which nothing stops.
   */
  dropChange: (context: CommandContext, changeId: string) => Promise<boolean>;
}

/** The role of somebody who belongs here; what a guest may do asks for none. */
export function memberRole({ role }: Pick<Actor, 'role'>): Role {
  if (role === 'guest') throw new TypeError('invariant broken: a guest has no role');
  return role;
}

/** People and observers look at everything of their project; agents at what concerns them. */
export function seesAll({ role }: Pick<Actor, 'role'>): boolean {
  return role === 'admin' || role === 'operator' || role === 'observer';
}
