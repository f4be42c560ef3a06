/** What the events of a CLI come to: what it is doing now, what it has used, how it ended. */
import { limits } from '../../contract/index.ts';
import type { Progress, Told } from '../adapter.ts';
import { cutToTail } from '../../process/tail.ts';
import type { CliEvent, Spent } from './cli-event.ts';
import { limitIn, type Limit } from './limit.ts';

export interface Digest {
  hear: (event: CliEvent) => void;
  progress: () => Progress;
  /** `stray` is what it printed that is not of its stream, such as errors before it began. */
  told: (end: { nowMs: number; hasFailed: boolean; stray: string }) => Told;
}

/** The last answers of a model, which may still grow; subagents answer at the same time. */
const GROWING_MAX = 64;

export function createDigest(folder: string): Digest {
  let note: string | null = null;
  let verdict: { failure: string | null; result: string | null } | null = null;
  let limit: Limit | null = null;
  const account = createAccount();
  const hear = (event: CliEvent): void => {
    switch (event.kind) {
      case 'words':
      case 'tool':
        note = oneLine(event.text, folder) ?? note;
        return;
      case 'spent':
        return account.add(event.reply, event.spent);
      case 'limit':
        limit = { untilMs: event.untilMs };
        return;
      case 'success':
        verdict = { failure: null, result: event.text };
        return;
      case 'failure':
        verdict = { failure: event.text, result: null };
    }
  };
  return {
    hear,
    progress: () => ({ note, use: account.total() }),
    told({ nowMs, hasFailed, stray }) {
      const failure = verdict?.failure ?? null;
      const words = failure ?? (verdict === null && hasFailed ? stray : null);
      const found = words === null ? null : (limitIn(words, nowMs) ?? limit);
      const result = verdict?.result ?? null;
      return {
        use: account.total(),
        hasAnswer: verdict !== null && verdict.failure === null,
        result: kept(result, limits.reasonCharsMax),
        failure: kept(failure, limits.reasonCharsMax / 4),
        limit: found === null ? null : { untilMs: timeOf(found.untilMs ?? limit?.untilMs) },
      };
    },
  };
}

/** What no hub takes, NUL and halves of characters, would cost the whole report. */
function kept(text: string | null, charsMax: number): string | null {
  return text === null ? null : cutToTail(whole(text), { charsMax });
}

function whole(text: string): string {
  return text.replaceAll('\0', '\ufffd').toWellFormed();
}

/** Null where it is no time. */
function timeOf(untilMs: number | null | undefined): number | null {
  const isTime = typeof untilMs === 'number' && untilMs >= 0 && untilMs <= limits.timeMsMax;
  return isTime ? Math.round(untilMs) : null;
}

/** The first line that says something, with paths as they are called in the place of work. */
function oneLine(text: string, folder: string): string | null {
  const line = text
    .split('\n')
    .map((one) => one.trim())
    .find((one) => one !== '');
  if (line === undefined) return null;
  const short = line
    .replaceAll(`${folder}/`, '')
    .replace(/\p{Cc}/gu, ' ')
    .toWellFormed();
  if (short.length <= limits.noteCharsMax) return short;
  return `${short.slice(0, limits.noteCharsMax - 1).toWellFormed()}…`;
}

interface Account {
  add: (reply: string | null, spent: Spent) => void;
  total: () => Progress['use'];
}

/** Adds up what the answers cost; a total that the CLI gives itself takes the place of the sum. */
function createAccount(): Account {
  const growing = new Map<string, Spent>();
  let past: Spent = {};
  let latest: Spent = {};
  let hasAny = false;
  return {
    add(reply, spent) {
      hasAny = true;
      latest = { ...latest, ...spent };
      if (reply === null) {
        growing.clear();
        past = spent;
        return;
      }
      growing.set(reply, spent);
      for (const [oldest, its] of growing) {
        if (growing.size <= GROWING_MAX) break;
        past = sum(past, its);
        growing.delete(oldest);
      }
    },
    total() {
      if (!hasAny) return null;
      const all = [...growing.values()].reduce(sum, past);
      const { model, contextTokens, contextTokensMax } = latest;
      return {
        model: model === undefined ? null : whole(model.slice(0, limits.modelCharsMax)),
        inputTokens: tokens(all.inputTokens),
        cachedInputTokens: Math.min(tokens(all.cachedInputTokens), tokens(all.inputTokens)),
        outputTokens: tokens(all.outputTokens),
        costMicros: all.costMicros === undefined ? null : cost(all.costMicros),
        contextTokens: contextTokens === undefined ? null : tokens(contextTokens),
        contextTokensMax: (contextTokensMax ?? 0) >= 1 ? tokens(contextTokensMax) : null,
      };
    },
  };
}

function sum(one: Spent, other: Spent): Spent {
  const isPriced = one.costMicros !== undefined || other.costMicros !== undefined;
  return {
    inputTokens: plus(one.inputTokens, other.inputTokens),
    cachedInputTokens: plus(one.cachedInputTokens, other.cachedInputTokens),
    outputTokens: plus(one.outputTokens, other.outputTokens),
    ...(isPriced ? { costMicros: plus(one.costMicros, other.costMicros) } : {}),
  };
}

/** What is less than nothing takes nothing back. */
function plus(one = 0, other = 0): number {
  return Math.max(0, one) + Math.max(0, other);
}

function tokens(value: number | undefined): number {
  return count(value, limits.useTokensMax);
}

function cost(value: number): number {
  return count(value, limits.useCostMicrosMax);
}

/** A number that somebody else's program gave, as a count that the hub takes. */
function count(value: number | undefined, most: number): number {
  if (value === undefined || !(value > 0)) return 0;
  return Math.min(Math.round(value), most);
}
