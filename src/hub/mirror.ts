/**
 * The cases as files, for agents on the same disk, who only read them:
 *
 *     clients/abc-123/state.json                      its state
 *     clients/abc-123/case.json                       the rest of it, and what lies in the stages
 *     clients/abc-123/stage-1-pulse/notes.txt         artifacts, each in its last version
 *
 * It is a consumer of events with a cursor of its own in the folder. An event only says which case
 * to look at: the folder of a case is derived from the tables each time, so after a crash, or with
 * a cursor that is no longer kept, looking again makes it right. Artifacts are copied, not linked:
 * who could write to a link would write to the content that the hub keeps.
 */
import { z } from 'zod';
import { limits } from '../contract/index.ts';
import {
  type ArtifactRow,
  findCase,
  findPipeline,
  listArtifacts,
  listCases,
  parseState,
  stageFolders,
  stagesOf,
  toArtifact,
  toHead,
} from '../domain/case/index.ts';
import type { Blobs } from '../store/blobs.ts';
import type { Store } from '../store/db.ts';
import { earliestSeq, latestSeq, readEvents, type StoredEvent } from '../store/events.ts';
import { MirrorFolder, type Path } from './mirror-folder.ts';
import { parsedJson } from '../core/json.ts';

export interface MirrorOptions {
  store: Store;
  blobs: Blobs;
  folder: string;
  onError: (error: unknown) => void;
}

/** Other projects may have cases of the same names. */
const PROJECT = 'default';
const CURSOR_FILE = ['.cursor.json'];
const PAGE = 500;
/** Events of other things move the cursor too; it need not be written for each. */
const SAVED_EACH = 1_000;

const Cursor = z.object({ cursor: z.int().min(0) });
const Manifest = z.object({
  artifacts: z.array(z.object({ path: z.string(), sha256: z.string() })),
});

export class Mirror {
  readonly #options: MirrorOptions;
  readonly #files: MirrorFolder;
  /** Cases to look at. */
  readonly #dirty = new Set<string>();
  #cursor = 0;
  #savedCursor = -1;
  #running: Promise<void> | undefined;

  private constructor(options: MirrorOptions, files: MirrorFolder) {
    this.#options = options;
    this.#files = files;
  }

  static async open(options: MirrorOptions): Promise<Mirror> {
    const mirror = new Mirror(options, await MirrorFolder.open(options.folder));
    await mirror.#resume();
    return mirror;
  }

  /** Afterwards what was committed before is there. One that fails is looked at again. */
  catchUp(): Promise<void> {
    this.#running ??= this.#catchUp().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #resume(): Promise<void> {
    const { store } = this.#options;
    const latest = await latestSeq(store);
    const text = await this.#files.read(CURSOR_FILE);
    const cursor = text === undefined ? undefined : Cursor.safeParse(parsedJson(text)).data?.cursor;
    const isKept = cursor !== undefined && cursor + 1 >= (await earliestSeq(store));
    if (isKept && cursor <= latest) {
      this.#cursor = this.#savedCursor = cursor;
      return;
    }
    this.#cursor = latest;
    await this.#markAll(undefined);
  }

  async #catchUp(): Promise<void> {
    const { store, onError } = this.#options;
    let events: StoredEvent[];
    do {
      const range = { afterSeq: this.#cursor, project: PROJECT, limit: PAGE };
      events = await readEvents(store.read, range);
      for (const event of events) await this.#mark(event);
      this.#cursor = events.at(-1)?.seq ?? this.#cursor;
    } while (events.length === PAGE);
    const isNew = this.#dirty.size > 0 || this.#cursor - this.#savedCursor > SAVED_EACH;
    for (const id of this.#dirty) {
      await this.#derive(id).then(() => this.#dirty.delete(id), onError);
    }
    if (!isNew || this.#dirty.size > 0) return;
    await this.#files.write(CURSOR_FILE, json({ cursor: this.#cursor }));
    this.#savedCursor = this.#cursor;
  }

  async #mark({ type, subject }: StoredEvent): Promise<void> {
    if (type.startsWith('case.')) this.#dirty.add(subject);
    // The stages may have another order now.
    else if (type === 'pipeline.set') await this.#markAll(subject);
  }

  async #markAll(pipeline: string | undefined): Promise<void> {
    const { read } = this.#options.store;
    let afterId = '';
    for (;;) {
      const page = { project: PROJECT, afterId, limit: PAGE, pipeline, stage: undefined };
      const rows = await listCases(read, page);
      for (const { id } of rows) this.#dirty.add(id);
      if (rows.length < PAGE) return;
      afterId = rows.at(-1)?.id ?? afterId;
    }
  }

  async #derive(id: string): Promise<void> {
    const row = await findCase(this.#options.store.read, PROJECT, id);
    if (row === undefined) return;
    const folder = ['clients', id];
    const before = await this.#manifestOf(folder);
    const artifacts = await this.#artifactsOf(row);
    for (const artifact of artifacts) await this.#copy(folder, artifact, before);
    const wanted = new Set(artifacts.map(({ path }) => path));
    for (const path of before.keys()) {
      if (!wanted.has(path)) await this.#files.remove([...folder, ...path.split('/')]);
    }
    await this.#files.write([...folder, 'state.json'], json(parseState(row.state)));
    const manifest = artifacts.map(({ path, row: kept }) => ({ path, ...toArtifact(kept) }));
    const rest = { ...toHead(row), artifacts: manifest };
    await this.#files.write([...folder, 'case.json'], json(rest));
  }

  async #copy(folder: Path, { path, row }: Placed, before: Map<string, string>): Promise<void> {
    const place = [...folder, ...path.split('/')];
    const isSame = before.get(path) === row.sha256;
    if (isSame && (await this.#files.isThere(place, row.bytes))) return;
    const { blobs } = this.#options;
    await this.#files.write(place, blobs.read(row.sha256, { start: 0, end: row.bytes }));
  }

  /** The hash of each file that was put there, by its path. */
  async #manifestOf(folder: Path): Promise<Map<string, string>> {
    const text = await this.#files.read([...folder, 'case.json']);
    const manifest = text === undefined ? undefined : Manifest.safeParse(parsedJson(text)).data;
    const paths = manifest?.artifacts.filter(({ path }) => isInStage(path)) ?? [];
    return new Map(paths.map(({ path, sha256 }) => [path, sha256]));
  }

  async #artifactsOf({ id, pipeline }: { id: string; pipeline: string | null }): Promise<Placed[]> {
    const { read } = this.#options.store;
    const rows: ArtifactRow[] = [];
    let page: ArtifactRow[];
    do {
      page = await listArtifacts(read, {
        project: PROJECT,
        caseId: id,
        afterId: rows.at(-1)?.id ?? '',
        limit: limits.pageMax,
        stage: undefined,
        name: undefined,
        isFull: false,
      });
      rows.push(...page);
    } while (page.length === limits.pageMax);
    const declared = pipeline === null ? undefined : await findPipeline(read, PROJECT, pipeline);
    const stages = declared === undefined ? [] : stagesOf(declared).map(({ name }) => name);
    const used = rows.map(({ stage }) => stage);
    const folders = stageFolders(stages, used);
    return rows.map((row) => ({ row, path: `${folders.get(row.stage) ?? row.stage}/${row.name}` }));
  }
}

interface Placed {
  row: ArtifactRow;
  /** Within the folder of the case: `stage-1-pulse/notes.txt`. */
  path: string;
}

/** Somebody may have put a file of their own in the place of ours: no path leads out by it. */
function isInStage(path: string): boolean {
  return /^stage-\d+-[^/]+\/[^/]+$/.test(path) && !path.split('/').includes('..');
}

function json(value: unknown): Uint8Array[] {
  return [Buffer.from(`${JSON.stringify(value, null, 2)}\n`)];
}
