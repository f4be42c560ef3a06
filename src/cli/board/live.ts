/**
 * The board drawn anew whenever something happens, and every few seconds for the times in it. Where
 * nobody looks at a terminal, a line for each time that the numbers change.
 */
import { goesOn } from '../../client/frames.ts';
import type { Client } from '../../client/index.ts';
import { placeInWords } from '../place/connection.ts';
import type { Context } from '../context.ts';
import { follow } from '../task/follow.ts';
import { createScreen, type Screen } from '../terminal/screen.ts';
import { clockTime } from '../words/time.ts';
import { boardLines, numbers } from './lines.ts';
import { look, type Board, type Work } from './look.ts';

/** No eye follows more than that. */
const PAUSE_MS = 500;
const ANEW_MS = 5_000;
const ASK_MS = 10_000;

export async function watchBoard(context: Context): Promise<void> {
  const { output, clock } = context;
  const interruption = context.interruption();
  const hub = await context.live();
  const place = placeInWords(await context.place());
  const screen = createScreen(output, context.env);
  const show = shower(context, screen, place);
  // What was said meanwhile stands below the block; the next one begins below that.
  hub.onState(() => screen.forget());
  const news = newsOf(hub, interruption);
  const works = new Map<string, Work>();
  try {
    while (!interruption.aborted) {
      const signal = AbortSignal.any([interruption, AbortSignal.timeout(ASK_MS)]);
      // A hub that is away comes back; until then what is shown stays.
      const board = await look({ hub, clock, signal, works }).catch((error: unknown) => {
        if (interruption.aborted || signal.aborted || goesOn(error)) return undefined;
        throw error;
      });
      if (news.error !== undefined && !interruption.aborted) throw news.error;
      if (board !== undefined) show(board);
      await clock.sleep(PAUSE_MS, interruption);
      await news.next(clock.sleep(ANEW_MS - PAUSE_MS, interruption));
    }
  } finally {
    screen.settle();
  }
}

interface News {
  /** Ends with the next event, or with what is waited for besides. */
  next: (besides: Promise<void>) => Promise<void>;
  /** Why there will be no more. */
  error: Error | undefined;
}

function newsOf(hub: Client, interruption: AbortSignal): News {
  let hasNews = false;
  let wake = (): void => {};
  const news: News = {
    error: undefined,
    async next(besides) {
      const woken = new Promise<void>((resolve) => (wake = resolve));
      if (!hasNews) await Promise.race([woken, besides]);
      hasNews = false;
    },
  };
  const begin = async (): Promise<void> => {
    const { headCursor: after } = await hub.event.list({ limit: 1 }, { signal: interruption });
    await follow({
      hub,
      after,
      interruption,
      onEvent() {
        hasNews = true;
        wake();
        return false;
      },
    });
  };
  begin().catch((error: unknown) => {
    news.error = error instanceof Error ? error : new Error(String(error));
  });
  return news;
}

function shower({ output }: Context, screen: Screen, place: string): (board: Board) => void {
  let last = '';
  return (board) => {
    const { nowMs: _now, cursor: _cursor, ...rest } = board.status;
    if (screen.isLive) {
      const lines = boardLines(output, board, place);
      const room = Math.max(1, output.rows - 2);
      const more = lines.length - room;
      screen.draw(more > 0 ? [...lines.slice(0, room), `… ${more} more lines`] : lines);
      return;
    }
    const text = JSON.stringify(rest);
    if (text === last) return;
    last = text;
    if (output.isJson) output.jsonLine(board.status);
    else output.line(`${clockTime(board.status.nowMs)}  ${summary(output, board)}`);
  };
}

/** What changes all the time, or never. */
const IN_FULL = ['health', 'store', 'up', 'cursor'];

function summary(output: Context['output'], board: Board): string {
  return numbers(output, board)
    .flatMap(([name, value]) =>
      value === undefined || IN_FULL.includes(name) ? [] : [`${name}: ${value}`],
    )
    .join('  ');
}
