/** The files of a case: up, down, and what there is. They pass through in pieces, of any size. */
import { createHash } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { lstat, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Artifact, type Chunks, SignalboxError } from '../../contract/index.ts';
import { hasCode } from '../place/config.ts';
import type { Context } from '../context.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { table } from '../terminal/layout.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';
import { speaker } from '../place/speaker.ts';
import { bytesInWords, timeInWords } from '../words/time.ts';

/** What goes faster needs no word of how far it is. */
const TOLD_EACH_MS = 2_000;

export async function listArtifacts(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const caseId = theOne(context);
  const hub = await context.hub();
  const wanted = { caseId, stage: options.text('stage'), isFull: options.has('all') };
  const page = await hub.artifact.list({ ...pageOf(options), ...wanted });
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'ID', text: ({ id }: Artifact) => id },
    { title: 'STAGE', text: ({ stage }: Artifact) => stage },
    { title: 'VERSION', text: ({ version }: Artifact) => String(version) },
    { title: 'SIZE', text: ({ bytes }: Artifact) => bytesInWords(bytes) },
    { title: 'KEPT', text: ({ createdAtMs }: Artifact) => timeInWords(createdAtMs, nowMs) },
    { title: 'BY', text: ({ uploadedBy }: Artifact) => uploadedBy },
    { title: 'NAME', text: ({ name }: Artifact) => harmlessLine(name) },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? [`No files yet: signalbox case upload ${caseId} FILE`]
      : [...table(output, columns, page.items), ...nextPage(page, `case artifacts ${caseId}`)],
  );
}

export async function uploadFile(context: Context): Promise<void> {
  const { args, options, output } = context;
  const path = resolve(context.cwd, args[1] ?? '');
  const { size } = await fileOf(path);
  const file = await openAsBlob(path);
  const signal = context.interruption();
  const hub = await context.hub(await speaker(context));
  const input = {
    caseId: theOne(context),
    stage: options.text('stage'),
    name: options.text('name') ?? basename(path),
    mediaType: options.text('type'),
    bytes: size,
  };
  const body = told(context, file.stream(), size);
  const artifact = await hub.artifact.upload(input, body, { signal });
  const { id, stage, name, version } = artifact;
  output.give(artifact, () => [`${id}  ${stage}/${harmlessLine(name)}  version ${version}`]);
}

async function fileOf(path: string): Promise<{ size: number }> {
  const found = await stat(path).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (found?.isFile() === true) return found;
  throw new SignalboxError('not_found', `there is no file ${path}`, {
    hint: 'Give the path of one file.',
  });
}

export async function downloadFile(context: Context): Promise<void> {
  const { args, options, output, cwd } = context;
  const signal = context.interruption();
  const hub = await context.hub();
  const { output: artifact, body } = await hub.artifact.download(
    { id: theOne(context) },
    { signal },
  );
  const chunks = checked(artifact, told(context, body, artifact.bytes));
  if (args[1] === '-') return toStdout(chunks);
  const path = resolve(cwd, args[1] ?? artifact.name);
  const isFree = options.has('force') || (await lstat(path).catch(() => undefined)) === undefined;
  if (!isFree) {
    throw new SignalboxError('conflict', `${path} is there already`, {
      hint: 'Name another file, or replace it with --force.',
    });
  }
  await save(path, chunks);
  output.give(artifact, () => [path]);
}

/** Whole under its name, or not at all. */
async function save(path: string, chunks: Chunks): Promise<void> {
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  const file = await open(partial, 'wx');
  try {
    for await (const chunk of chunks) await file.appendFile(chunk);
    await file.sync();
    await rename(partial, path);
  } finally {
    await file.close();
    await rm(partial, { force: true });
  }
}

async function toStdout(chunks: Chunks): Promise<void> {
  for await (const chunk of chunks) {
    await new Promise<void>((written) => process.stdout.write(chunk, () => written()));
  }
}

/** The same bytes; what is not what the hub has named is refused at the end. */
async function* checked({ sha256, name }: Artifact, chunks: Chunks): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') === sha256) return;
  throw new SignalboxError('unavailable', `${name} did not come as it was kept`, {
    hint: 'Fetch it again; if it comes like this again, see `signalbox doctor`.',
  });
}

/** The same bytes; of many a word is said now and then. */
async function* told(
  { output, clock }: Context,
  chunks: Chunks,
  bytes: number,
): AsyncGenerator<Uint8Array> {
  let tellAtMs = clock.nowMs() + TOLD_EACH_MS;
  let done = 0;
  for await (const chunk of chunks) {
    yield chunk;
    done += chunk.length;
    if (output.isJson || clock.nowMs() < tellAtMs) continue;
    tellAtMs = clock.nowMs() + TOLD_EACH_MS;
    const percent = Math.floor((100 * done) / Math.max(1, bytes));
    output.note(`${bytesInWords(done)} of ${bytesInWords(bytes)} (${percent} %)`, 'note');
  }
}
