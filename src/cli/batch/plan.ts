/**
 * The tasks of a file as a tree, before any of them is submitted. Each stands once: below its
 * parent, else below the one of those it comes after that comes last itself.
 */
import { lengthInWords } from '../../contract/length.ts';
import { dollars, tokenCount } from '../../contract/money.ts';
import type { Order } from './tasks.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import type { Output } from '../terminal/output.ts';
import { fitted, textWidth } from '../terminal/width.ts';
import { counted, timeInZone } from '../words/time.ts';

interface Twig {
  order: Order;
  twigs: Twig[];
  /** How many tasks come before it, one after the other. */
  depth: number;
}

export function planLines(output: Output, orders: readonly Order[]): string[] {
  const lines = branches(output, trunk(orders), '');
  return [output.paint('bold', counted(orders.length, 'task')), ...lines];
}

/** The twigs that hang on nothing else. There are no circles here. */
function trunk(orders: readonly Order[]): Twig[] {
  const twigs = orders.map((order): Twig => ({ order, twigs: [], depth: -1 }));
  const byRef = new Map(twigs.map((twig) => [twig.order.ref ?? '', twig]));
  const before = ({ order }: Twig): Twig[] =>
    namesBefore(order).flatMap((name) => byRef.get(name) ?? []);
  // Each round settles those whose tasks before are settled.
  for (const twig of twigs) settle(twig, before);
  return twigs.filter((twig) => {
    const parent = twig.order.parent;
    const above = parent === undefined ? undefined : byRef.get(parent);
    const bough = above ?? before(twig).toSorted((one, other) => other.depth - one.depth)[0];
    bough?.twigs.push(twig);
    return bough === undefined;
  });
}

function namesBefore({ after = [], parent }: Order): string[] {
  return parent === undefined ? after : [parent, ...after];
}

/** Without the stack of calls: a chain may be as long as the file. */
function settle(start: Twig, before: (twig: Twig) => Twig[]): void {
  const way = [start];
  for (let last = way.at(-1); last !== undefined; last = way.at(-1)) {
    const open = before(last).filter(({ depth }) => depth === -1);
    if (open.length > 0) {
      way.push(...open);
    } else {
      last.depth = Math.max(-1, ...before(last).map(({ depth }) => depth)) + 1;
      way.pop();
    }
  }
}

const INDENT_MAX = 40;

function branches(output: Output, twigs: readonly Twig[], indent: string): string[] {
  return twigs.flatMap((twig, at) => {
    const isLast = at === twigs.length - 1;
    const stem = `${indent}${isLast ? '└─ ' : '├─ '}`;
    const below = `${indent}${isLast ? '   ' : '│  '}`;
    const room = Math.max(10, output.columns - textWidth(stem));
    const line = `${output.paint('dim', stem)}${twigLine(output, twig.order, room)}`;
    // A long chain goes on below itself instead of leaving the screen.
    const next = below.length > INDENT_MAX ? indent : below;
    return [line, ...branches(output, twig.twigs, next)];
  });
}

function twigLine(output: Output, order: Order, room: number): string {
  const { ref, title } = order;
  const name = ref === undefined ? '' : `${ref}  `;
  const shown = fitted(`${name}${harmlessLine(title)}`, room);
  const more = details(order);
  const rest = room - textWidth(shown) - 2;
  const painted = `${output.paint('cyan', shown.slice(0, name.length))}${shown.slice(name.length)}`;
  if (more === '' || rest < 10) return painted;
  return `${painted}  ${output.paint('dim', fitted(more, rest))}`;
}

function details(order: Order): string {
  const parts = [...placeParts(order), ...timeParts(order), ...whoParts(order)];
  return [...parts, ...attemptParts(order), ...codeParts(order)]
    .filter((part) => part !== undefined)
    .map(harmlessLine)
    .join(' · ');
}

type Parts = (string | undefined)[];

function placeParts({ lane, after = [], parent, onNeededFailure }: Order): Parts {
  return [
    parent === undefined ? undefined : `child of ${parent}`,
    named('after', after),
    onNeededFailure === 'cancel' ? 'cancelled without' : undefined,
    lane === undefined || lane === 'normal' ? undefined : lane,
  ];
}

function timeParts({ concurrencyKey, unique, notBeforeMs, deadlineMs }: Order): Parts {
  return [
    concurrencyKey === undefined ? undefined : `key ${concurrencyKey}`,
    unique === undefined ? undefined : uniqueInWords(unique),
    notBeforeMs === undefined ? undefined : `not before ${timeInZone(notBeforeMs, 'UTC')}`,
    deadlineMs === undefined ? undefined : `until ${timeInZone(deadlineMs, 'UTC')}`,
  ];
}

function whoParts({ needs = [], prefers = [], trust }: Order): Parts {
  const asked = trust === undefined ? undefined : `trust ${trust}`;
  return [named('needs', needs), named('prefers', prefers), asked];
}

function codeParts({ checks = [], paths = [], repository, baseBranch }: Order): Parts {
  return [
    checks.length === 0 ? undefined : counted(checks.length, 'check'),
    paths.length === 0 ? undefined : paths.join(' '),
    repository,
    baseBranch === undefined ? undefined : `base ${baseBranch}`,
  ];
}

function named(word: string, list: readonly string[]): string | undefined {
  return list.length === 0 ? undefined : `${word} ${list.join(', ')}`;
}

function uniqueInWords({ key, scope }: NonNullable<Order['unique']>): string {
  return scope === 'ever' ? `unique for ever ${key}` : `unique ${key}`;
}

/** What an attempt may take, and how many there are. */
function attemptParts(order: Order): Parts {
  const { failuresMax, timeoutMs, progressTimeoutMs, budget } = order;
  const retries = failuresMax === undefined ? undefined : failuresMax - 1;
  const { tokensMax, costMicrosMax } = budget ?? {};
  return [
    retries === undefined ? undefined : counted(retries, 'retry', 'retries'),
    timeoutMs === undefined ? undefined : `timeout ${lengthInWords(timeoutMs)}`,
    progressTimeoutMs === undefined ? undefined : `silence ${lengthInWords(progressTimeoutMs)}`,
    tokensMax === undefined ? undefined : `at most ${tokenCount(tokensMax)}`,
    costMicrosMax === undefined ? undefined : `at most ${dollars(costMicrosMax)}`,
  ];
}
