/**
 * What an agent's CLI prints, read line by line: what its stream means goes into the digest, and
 * what a person can read of it, with everything else it prints, into the log.
 */
import { limits } from '../../contract/index.ts';
import type { Job, Told } from '../adapter.ts';
import { createTail } from '../../process/tail.ts';
import type { CliEvent, Translate } from './cli-event.ts';
import { createDigest } from './digest.ts';
import { createLines } from './lines.ts';

/** What does not belong to its stream, such as the reason why it could not begin. */
const STRAY_CHARS_MAX = 4_000;

export interface Output {
  push: (chunk: Uint8Array, from: 'stdout' | 'stderr') => void;
  /** Events that came another way than in lines. */
  hear: (event: CliEvent) => void;
  /** It has ended, and this is what it came to. */
  end: (how: { nowMs: number; hasFailed: boolean }) => { log: string; told: Told };
}

export interface OutputOptions {
  name: string;
  job: Pick<Job, 'folder' | 'onProgress' | 'onTrouble'>;
  translate: Translate;
  onOutput?: ((chunk: Uint8Array) => void) | undefined;
}

export function createOutput({ name, job, translate, onOutput }: OutputOptions): Output {
  const log = createTail(limits.outputCharsMax);
  const stray = createTail(STRAY_CHARS_MAX);
  const digest = createDigest(job.folder);
  const trouble = onceEach(job.onTrouble);
  const print = (chunk: Uint8Array): void => {
    log.push(chunk);
    onOutput?.(chunk);
  };
  const hear = (event: CliEvent): void => {
    digest.hear(event);
    const text = readable(event);
    if (text !== null) print(Buffer.from(`${text.trimEnd()}\n`));
    if (event.kind !== 'limit') job.onProgress?.(digest.progress());
  };
  const lines = createLines({
    bytesMax: limits.cliLineBytesMax,
    onLine(line) {
      const events = translate(line);
      if (events !== null) return events.forEach(hear);
      if (line.startsWith('{')) trouble(`A line that ${name} printed is no whole JSON.`);
      const chunk = Buffer.from(`${line}\n`);
      stray.push(chunk);
      print(chunk);
    },
    onOverlong(bytes) {
      trouble(`A line that ${name} printed is too long to be read.`);
      print(Buffer.from(`[a line of ${bytes} bytes was left out]\n`));
    },
  });
  return {
    push(chunk, from) {
      if (from === 'stdout') return lines.push(chunk);
      stray.push(chunk);
      print(chunk);
    },
    hear,
    end(how) {
      lines.end();
      return { told: digest.told({ ...how, stray: stray.text() }), log: log.text() };
    },
  };
}

function readable(event: CliEvent): string | null {
  switch (event.kind) {
    case 'words':
    case 'failure':
      return event.text;
    case 'tool':
      return `→ ${event.text}`;
    case 'spent':
    case 'limit':
    case 'success':
      return null;
  }
}

function onceEach(tell: ((message: string) => void) | undefined): (message: string) => void {
  const told = new Set<string>();
  return (message) => {
    if (!told.has(message)) tell?.(message);
    told.add(message);
  };
}
