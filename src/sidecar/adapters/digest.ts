/** What the events of a CLI come to: what it is doing now, what it has used, how it ended. */
import { limits } from '../../contract/index.ts';
import type { Progress, Told } from '../adapter.ts';
import { cutToTail } from '../tail.ts';
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
        result: result === null ? null : cutToTail(result, { charsMax: limits.reasonCharsMax }),
        failure:
          failure === null ? null : cutToTail(failure, { charsMax: limits.reasonCharsMax / 4 }),
        limit: found === null ? null : { untilMs: found.untilMs ?? limit?.untilMs ?? null },
      };
    },
  };
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
      return {
        model: latest.model?.slice(0, limits.modelCharsMax) ?? null,
        inputTokens: count(all.inputTokens),
        cachedInputTokens: Math.min(count(all.cachedInputTokens), count(all.inputTokens)),
        outputTokens: count(all.outputTokens),
        costMicros: all.costMicros === undefined ? null : count(all.costMicros),
        contextTokens: latest.contextTokens === undefined ? null : count(latest.contextTokens),
        contextTokensMax:
          (latest.contextTokensMax ?? 0) >= 1 ? count(latest.contextTokensMax) : null,
      };
    },
  };
}

function sum(one: Spent, other: Spent): Spent {
  const { inputTokens, cachedInputTokens, outputTokens, costMicros } = one;
  const cost = other.costMicros === undefined ? costMicros : (costMicros ?? 0) + other.costMicros;
  return {
    inputTokens: (inputTokens ?? 0) + (other.inputTokens ?? 0),
    cachedInputTokens: (cachedInputTokens ?? 0) + (other.cachedInputTokens ?? 0),
    outputTokens: (outputTokens ?? 0) + (other.outputTokens ?? 0),
    ...(cost === undefined ? {} : { costMicros: cost }),
  };
}

/** A number that somebody else's program gave, as a count. */
function count(value: number | undefined): number {
  if (value === undefined || !(value > 0)) return 0;
  return Math.min(Math.round(value), Number.MAX_SAFE_INTEGER);
}
