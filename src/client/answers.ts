/** What a hub answers over HTTP: the output, or a refusal in its own words. */
import { SignalboxError, type Reply } from '../contract/index.ts';
import { errorFrom } from './frames.ts';
import { parsedJson } from '../core/json.ts';

/** What a proxy says in front of a hub that is away. */
const AWAY = new Set([502, 503, 504]);

export const RETRY = { firstMs: 100, mostMs: 400 };

export async function outputOf(address: string, response: Response): Promise<Reply> {
  const text = await textOf(response).catch((cause: unknown) => {
    throw unreachable(address, cause);
  });
  const output = parsedJson(text);
  if (response.ok && output !== undefined) {
    return { output, isDeduplicated: response.headers.has('x-signalbox-deduplicated') };
  }
  const hasError = typeof output === 'object' && output !== null && 'error' in output;
  if (!hasError && AWAY.has(response.status)) {
    throw unreachable(address, new Error('', { cause: new Error(`status ${response.status}`) }));
  }
  throw errorFrom(hasError ? output.error : { status: response.status, text: text.slice(0, 200) });
}

/** No answer of a hub is larger; what goes on is somebody else's. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;

async function textOf({ body }: Response): Promise<string> {
  const reader = body?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  let [text, size] = ['', 0];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    text += decoder.decode(value, { stream: true });
    if (size <= ANSWER_BYTES_MAX) continue;
    await reader.cancel();
    throw new Error('the answer has no end');
  }
}

export function unreachable(address: string, cause: unknown): SignalboxError {
  const origin = address.replace(/\/v1\/$/, '');
  return new SignalboxError('unavailable', `The hub at ${origin} cannot be reached${why(cause)}.`, {
    hint: 'Start one with `signalbox start`, or give the address of another with --url.',
    retryAfterMs: RETRY.mostMs,
    cause,
  });
}

/** `fetch` keeps the reason in its error's cause: a code such as ECONNREFUSED, or words. */
function why(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return '';
  return ` (${'code' in cause ? String(cause.code) : cause.message})`;
}
