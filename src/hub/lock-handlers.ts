/** Contract ↔ domains, for locks; what tasks have to do with is answered by theirs. */
import { type OperationName, operations as o } from '../contract/index.ts';
import * as locks from '../domain/lock/operations.ts';
import * as held from '../domain/task/lock-operations.ts';
import { command, type Handlers, query } from './bound.ts';

type Name = Extract<OperationName, `lock.${string}`>;

export const lockHandlers: Handlers<Name> = {
  'lock.acquire': command(o['lock.acquire'], held.acquire),
  'lock.release': command(o['lock.release'], held.release),
  'lock.renew': command(o['lock.renew'], locks.renew),
  'lock.check': query(o['lock.check'], locks.check),
  'lock.show': query(o['lock.show'], locks.show),
  'lock.list': query(o['lock.list'], locks.list),
  'lock.stats': query(o['lock.stats'], locks.stats),
  'lock.steal': command(o['lock.steal'], held.steal),
};
