/**
 * What a task is asked for with. The flags of `task submit` and the fields of a file say the same
 * in the same words, so both are read here, from whatever source says them.
 */
import { type Input, Lane, limits, SignalboxError } from '../../contract/index.ts';
import type { Options } from '../options.ts';

type Read = 'text' | 'integer' | 'durationMs' | 'momentMs' | 'dollarMicros' | 'choice';

/** Where the words of an order come from. What is not said is undefined. */
export interface OrderSource extends Pick<Options, Read> {
  list: (name: string) => string[] | undefined;
  isOn: (name: string) => boolean | undefined;
}

/** What cannot be told from the words alone: which text, which repository. */
type Looked = 'title' | 'body' | 'repository';

export function readOrder(source: OrderSource, nowMs: number): Omit<Input<'task.submit'>, Looked> {
  return {
    ...readStanding(source),
    after: source.list('after'),
    onNeededFailure: source.isOn('cancelWithout') === true ? 'cancel' : undefined,
    parent: source.text('parent'),
    notBeforeMs: source.momentMs('notBefore', nowMs),
    deadlineMs: source.momentMs('deadline', nowMs),
  };
}

/** What is true of each task that a schedule submits, too. */
export function readStanding(source: OrderSource): Omit<Input<'schedule.add'>['task'], Looked> {
  const retries = source.integer('retries', { min: 0, max: limits.failuresMaxMost - 1 });
  return {
    baseBranch: source.text('base'),
    checks: source.list('check'),
    paths: source.list('path'),
    lane: source.choice('lane', Lane.options),
    needs: source.list('needs'),
    prefers: source.list('prefers'),
    trust: source.integer('trust', { min: 0, max: limits.trustMax }),
    concurrencyKey: source.text('key'),
    unique: uniqueOf(source),
    progressTimeoutMs: source.durationMs('silence'),
    failuresMax: retries === undefined ? undefined : retries + 1,
    timeoutMs: source.durationMs('timeout'),
    budget: budgetOf(source),
  };
}

type Bounds = Pick<Input<'budget.set'>, 'tokensMax' | 'costMicrosMax'>;

/** What may be spent, of a task or by anybody. */
export function boundsOf(source: Pick<OrderSource, 'integer' | 'dollarMicros'>): Bounds {
  return {
    tokensMax: source.integer('maxTokens', { min: 0, max: limits.budgetMost }),
    costMicrosMax: source.dollarMicros('maxCost'),
  };
}

function budgetOf(source: OrderSource): Bounds | undefined {
  const bounds = boundsOf(source);
  const isBound = bounds.tokensMax !== undefined || bounds.costMicrosMax !== undefined;
  return isBound ? bounds : undefined;
}

function uniqueOf(source: OrderSource): Input<'task.submit'>['unique'] {
  const open = source.text('unique');
  const ever = source.text('uniqueEver');
  if (ever !== undefined) return { key: ever, scope: 'ever' };
  return open === undefined ? undefined : { key: open };
}

export function fromFlags(options: Options): OrderSource {
  if (options.text('unique') !== undefined && options.text('uniqueEver') !== undefined) {
    throw new SignalboxError('invalid_input', 'One of --unique and --unique-ever is enough.');
  }
  return {
    ...options,
    isOn: (name) => options.has(name) || undefined,
    list(name) {
      const items = options.list(name);
      return items.length === 0 ? undefined : items;
    },
  };
}
