/**
 * Uploads and downloads: the same way in as any call, with bytes beside it.
 *
 * An upload is all on disk under the hash of its content before the transaction begins that writes
 * its row, its event and its journal line. What breaks off, or is not what was declared, leaves
 * nothing behind.
 */
import {
  type ByteRange,
  type Call,
  type Chunks,
  type Content,
  type Declared,
  type Download,
  limits,
  type Reply,
  SignalboxError,
  type UploadCall,
} from '../contract/index.ts';
import type { Written } from '../store/blobs.ts';
import { admit, known, type Parts, runCommand } from './invoke.ts';

export async function upload(parts: Parts, call: UploadCall): Promise<Reply> {
  try {
    const asked = await admit(parts, call);
    const { bound, actor, nowMs } = asked;
    if (bound.kind !== 'upload') throw notSuch(call, 'PUT');
    const request = bound.parse(call.input);
    checkSize(request.declared.bytes ?? 0);
    const { read: db, dialect } = parts.store;
    await request.check({ db, dialect, actor, nowMs });
    return await parts.uploads.hold(`${actor.project}/${actor.key}`, async () => {
      const blob = await receive(parts, call.body, request.declared);
      try {
        return await runCommand(parts, asked, request.naming(blob));
      } finally {
        await blob.release().catch((error: unknown) => parts.onDefect(call.operation, error));
      }
    });
  } catch (error) {
    throw known(parts, call.operation, error);
  }
}

export async function download(parts: Parts, call: Omit<Call, 'key'>): ReturnType<Download> {
  try {
    const { bound, actor, nowMs } = await admit(parts, call);
    if (bound.kind !== 'download') throw notSuch(call, 'GET');
    const { read: db, dialect } = parts.store;
    const content = await bound.parse(call.input).run({ db, dialect, actor, nowMs });
    const read = (range?: ByteRange): Chunks =>
      tell(parts, call.operation, parts.blobs.read(content.sha256, within(content, range)));
    return { output: content, content, read };
  } catch (error) {
    throw known(parts, call.operation, error);
  }
}

function receive(parts: Parts, body: Chunks, declared: Declared): Promise<Written> {
  return parts.blobs.write(unbroken(body), {
    bytes(soFar) {
      checkSize(soFar);
      if (soFar > (declared.bytes ?? Infinity)) throw untrue('more', declared);
    },
    end({ bytes, sha256 }) {
      if (bytes < (declared.bytes ?? 0)) throw untrue(`${bytes} bytes`, declared);
      if (sha256 !== (declared.sha256 ?? sha256)) throw untrue(`the hash ${sha256}`, declared);
    },
  });
}

/** What goes wrong on the sender's side is no defect of the hub. */
async function* unbroken(body: Chunks): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    if (cause instanceof SignalboxError) throw cause;
    throw new SignalboxError('invalid_input', 'the stream broke off before its end', {
      hint: 'Send it again; nothing of it was kept.',
      cause,
    });
  }
}

function checkSize(bytes: number): void {
  const { artifactBytesMax: bytesMax } = limits;
  if (bytes <= bytesMax) return;
  throw new SignalboxError('too_large', `an artifact may have ${bytesMax} bytes`, {
    hint: 'Split it, or keep it elsewhere and upload where it is.',
    details: { bytesMax },
  });
}

function untrue(came: string, { bytes, sha256 }: Declared): SignalboxError {
  const said = [
    ...(bytes === undefined ? [] : [`${bytes} bytes`]),
    ...(sha256 === undefined ? [] : [`the hash ${sha256}`]),
  ];
  return new SignalboxError('invalid_input', `${said.join(' and ')} declared, and ${came} came`, {
    hint: 'Declare what you send, and send all of it; nothing of this was kept.',
  });
}

function within({ bytes }: Content, range: ByteRange = { start: 0, end: bytes }): ByteRange {
  const { start, end } = range;
  if (start >= 0 && start <= end && end <= bytes) return range;
  throw new SignalboxError('out_of_range', `there are ${bytes} bytes, not ${start} to ${end}`, {
    details: { bytes },
  });
}

/** A reader is told what any caller is told: of a disk that fails, not of its path. */
async function* tell(parts: Parts, operation: string, chunks: Chunks): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw known(parts, operation, error);
  }
}

function notSuch({ operation }: Pick<Call, 'operation'>, verb: 'PUT' | 'GET'): SignalboxError {
  const message = `there is nothing at ${verb} /v1/${operation}`;
  return new SignalboxError('unknown_operation', message, {
    hint: 'Call it with POST and its input as JSON; GET /openapi.json tells what goes how.',
  });
}
