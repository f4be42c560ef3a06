/**
 * A form with one file, as browsers, curl and Python's `requests` send them.
 *
 * The file is streamed where the fields that say where it belongs stand before it. A file that
 * comes first is held until they have come, and is refused where it is too large for that. A form
 * that is not whole, or has more in it than is asked for, is refused, never taken in part.
 */
import type { Readable } from 'node:stream';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { type Chunks, limits, SignalboxError } from '../contract/index.ts';

export interface Form {
  /** All of them only when the body has been read: some may stand behind the file. */
  fields: ReadonlyMap<string, string>;
  /** As the sender names the file, without its folders. */
  name: string;
  mediaType: string;
  body: Chunks;
}

/** A little more than a form has here, so that what is too much is seen, and named. */
export const formLimits = {
  files: 2,
  fields: 8,
  parts: 10,
  fieldNameSize: limits.nameCharsMax,
  fieldSize: limits.keyCharsMax,
  // The hub refuses what is too large; a bound here would cut the file off without a word.
  fileSize: Infinity,
} as const;

/** `isPlaced` says of the fields before the file whether they are enough to stream it. */
export async function readForm(
  request: FastifyRequest,
  isPlaced: (fields: Form['fields']) => boolean,
): Promise<Form> {
  const parts = request.parts();
  const fields = new Map<string, string>();
  const part = await readFields(parts, fields).catch(refuseMalformed);
  if (part === undefined) throw misfit('the form has no field `file` with a file');
  const { filename: name, mimetype: mediaType, file } = part;
  const whole = wholeOf({ file, parts, fields });
  const body = isPlaced(fields) ? whole : await hold(whole);
  return { fields, name, mediaType, body };
}

/** Up to the next file, or to the end. */
async function readFields(
  parts: AsyncIterator<Multipart>,
  fields: Map<string, string>,
): Promise<MultipartFile | undefined> {
  for (;;) {
    const next = await parts.next();
    if (next.done === true) return undefined;
    const part = next.value;
    if (part.type === 'file') return part;
    const { fieldname, value } = part;
    if (fields.has(fieldname)) throw misfit('a field of the form is there twice');
    if (part.valueTruncated) throw misfit('a field of the form is too long');
    fields.set(fieldname, String(value));
  }
}

interface Rest {
  file: Readable;
  parts: AsyncIterator<Multipart>;
  fields: Map<string, string>;
}

/** The file, and then whether the form ends as it should. */
async function* wholeOf({ file, parts, fields }: Rest): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of file) if (chunk instanceof Uint8Array) yield chunk;
    const second = await readFields(parts, fields);
    if (second !== undefined) throw misfit('the form has more than one file');
  } catch (error) {
    refuseMalformed(error);
  }
}

/** Reads all of it, and with it the fields behind the file. */
async function hold(chunks: Chunks): Promise<Chunks> {
  const held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > limits.requestBytesMax) throw misfit('`stage` stands behind a large file');
    held.push(chunk);
  }
  return (async function* () {
    yield* held;
  })();
}

function refuseMalformed(cause: unknown): never {
  if (cause instanceof SignalboxError) throw cause;
  throw misfit('the form is broken off, malformed, or has too many parts', cause);
}

export function misfit(message: string, cause?: unknown): SignalboxError {
  return new SignalboxError('invalid_input', message, {
    hint: 'For example: curl -F stage=pulse -F file=@notes.md …/artifacts',
    cause,
  });
}
