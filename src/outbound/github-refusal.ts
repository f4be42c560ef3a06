/** What GitHub refuses and why, in words for whoever asked. */
import { z } from 'zod';
import { SignalboxError } from '../contract/errors.ts';
import { retryAfterMs } from './retry-after.ts';

interface Asked {
  owner: string;
  repo: string;
  hasToken: boolean;
  nowMs: number;
}

const Refused = z.object({
  status: z.number(),
  message: z.string(),
  /** Not there where no answer came. */
  response: z
    .object({ headers: z.record(z.string(), z.union([z.string(), z.number()]).optional()) })
    .optional(),
});
type Refused = z.infer<typeof Refused>;

const CHARS_MAX = 300;
/** Where GitHub asks for a pause and does not say how long. */
const PAUSE_MS = 60_000;
/** Its limits are by the hour: who says more is mistaken, or lies. */
const PAUSE_MS_MAX = 24 * 60 * 60_000;

export function githubRefusal(error: unknown, asked: Asked): SignalboxError {
  if (error instanceof SignalboxError) return error;
  const { data: refused } = Refused.safeParse(error);
  if (refused === undefined) return notGitHub(error);
  if (refused.response === undefined) return unreachable(refused.message, error);
  const waitMs = pauseMs(refused, asked.nowMs);
  if (waitMs !== undefined) return limited(Math.min(waitMs, PAUSE_MS_MAX), asked, error);
  return refusalOf(refused, asked, error);
}

function refusalOf(refused: Refused, asked: Asked, cause: unknown): SignalboxError {
  const { status, message } = refused;
  const name = `${asked.owner}/${asked.repo}`;
  switch (status) {
    case 401:
      return new SignalboxError('unauthenticated', 'GitHub does not take the token.', {
        hint: 'Set GITHUB_TOKEN to one that is valid, or unset it for a public repository.',
        cause,
      });
    case 404:
      return new SignalboxError('not_found', `GitHub shows no repository ${name}.`, {
        hint: asked.hasToken
          ? 'Check its name, and that GITHUB_TOKEN may read its issues.'
          : 'Check its name; for a private one set GITHUB_TOKEN.',
        cause,
      });
    case 410:
      return new SignalboxError('not_found', `${name} has no issues: they are turned off.`, {
        hint: 'Turn them on in the settings of the repository.',
        cause,
      });
    case 403:
      return new SignalboxError('forbidden', `GitHub refuses: ${shortened(message)}`, {
        hint: 'Give GITHUB_TOKEN the right to read the issues of this repository.',
        cause,
      });
    default:
      return new SignalboxError('unavailable', `GitHub answers ${status}: ${shortened(message)}`, {
        hint: 'Try again later; https://www.githubstatus.com tells of troubles.',
        cause,
      });
  }
}

/** Undefined where it is no limit of requests: a 403 may be a lack of rights too. */
function pauseMs({ status, message, response }: Refused, nowMs: number): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const headers = response?.headers ?? {};
  const header = (name: string): string | undefined => headers[name]?.toString();
  const wait = retryAfterMs(header('retry-after'), nowMs);
  if (wait !== null) return wait;
  if (header('x-ratelimit-remaining') === '0') {
    const resetMs = Number(header('x-ratelimit-reset')) * 1_000;
    return resetMs > 0 ? Math.max(0, resetMs - nowMs) : PAUSE_MS;
  }
  return status === 429 || /rate limit/i.test(message) ? PAUSE_MS : undefined;
}

function limited(waitMs: number, asked: Asked, cause: unknown): SignalboxError {
  const until = new Date(asked.nowMs + waitMs).toISOString().slice(0, 19);
  return new SignalboxError('rate_limited', `GitHub takes no more requests until ${until}Z.`, {
    hint: asked.hasToken
      ? 'Run it again then; what is there already is left alone.'
      : 'Run it again then, or set GITHUB_TOKEN: with one it takes many more.',
    retryAfterMs: waitMs,
    cause,
  });
}

function unreachable(message: string, cause: unknown): SignalboxError {
  const words = `GitHub cannot be reached: ${shortened(message)}`;
  return new SignalboxError('unavailable', words, {
    hint: 'Look at the network, and at GITHUB_API_URL where you have your own GitHub.',
    cause,
  });
}

export function endless(pages: number): SignalboxError {
  return new SignalboxError('unavailable', `GitHub has given ${pages} pages and has more.`, {
    hint: 'Narrow it with a label that fewer issues have.',
  });
}

export function notGitHub(cause: unknown): SignalboxError {
  return new SignalboxError('unavailable', 'What answered is not GitHub, or not as it was.', {
    hint: 'Look at what stands at GITHUB_API_URL, and at proxies on the way.',
    cause,
  });
}

function shortened(text: string): string {
  return text.length <= CHARS_MAX ? text : `${text.slice(0, CHARS_MAX)}…`;
}
