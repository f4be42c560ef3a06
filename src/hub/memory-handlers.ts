/** Contract ↔ domains, for what agents remember. */
import { type OperationName, operations } from '../contract/index.ts';
import * as memory from '../domain/memory/operations.ts';
import { type Bound, command, query } from './bound.ts';

type Name = Extract<OperationName, `memory.${string}`>;

const o = operations;

export const memoryHandlers: Record<Name, Bound> = {
  'memory.remember': command(o['memory.remember'], memory.remember),
  'memory.recall': query(o['memory.recall'], memory.recall),
  'memory.forget': command(o['memory.forget'], memory.forget),
};
