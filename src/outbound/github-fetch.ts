/**
 * One request to GitHub, within bounds. It goes to the origin that was named and to no other: the
 * next page and a new place are addresses that the answer tells. No answer is read for ever.
 */
import { SignalboxError } from '../contract/errors.ts';

const MEBIBYTE = 1024 * 1024;
/** A hundred issues of the longest text that GitHub takes, every character of it escaped. */
const ANSWER_BYTES_MAX = 64 * MEBIBYTE;
const REDIRECTS_MAX = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

export interface BoundedRequest {
  origin: string;
  init: RequestInit;
}

/** The answer with all of its body. Throws a SignalboxError where another try would not help. */
export async function boundedFetch(
  first: URL,
  { origin, init }: BoundedRequest,
): Promise<Response> {
  let url = first;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
    if (url.origin !== origin) throw unfit(`the answer leads elsewhere, to ${url.host}`);
    const answer = await fetch(url, { ...init, redirect: 'manual' });
    const to = REDIRECTS.includes(answer.status) ? answer.headers.get('location') : null;
    const next = to === null ? null : URL.parse(to, url);
    if (next === null) return read(answer);
    await answer.body?.cancel();
    url = next;
  }
  throw unfit('the answer leads on and on');
}

async function read(answer: Response): Promise<Response> {
  const { status, headers } = answer;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) {
      throw unfit(`its answer is longer than ${ANSWER_BYTES_MAX / MEBIBYTE} MiB`);
    }
    chunks.push(chunk);
  }
  const isEmpty = status === 204 || status === 304;
  return new Response(isEmpty ? null : Buffer.concat(chunks), { status, headers });
}

function unfit(problem: string): SignalboxError {
  return new SignalboxError('unavailable', problem);
}
