/** Contract ↔ domains, for what agents remember. */
import { type OperationName, operations as o } from '../contract/index.ts';
import * as memory from '../domain/memory/operations.ts';
import { command, type Handlers, query } from './bound.ts';

type Name = Extract<OperationName, `memory.${string}`>;

export const memoryHandlers: Handlers<Name> = {
  'memory.remember': command(o['memory.remember'], memory.remember),
  'memory.recall': query(o['memory.recall'], memory.recall),
  'memory.forget': command(o['memory.forget'], memory.forget),
};
