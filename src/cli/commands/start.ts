/**
 * A hub in the foreground, with a verifier beside it. The first start makes an admin token, shows
 * it once and leaves it in the data folder; this user's command line finds the hub and the token
 * there.
 */
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from '../../client/client.ts';
import { localTransport } from '../../client/local.ts';
import { SignalboxError } from '../../contract/errors.ts';
import { systemClock, type Clock } from '../../core/clock.ts';
import { systemRandom } from '../../core/random.ts';
import { slumber } from '../../core/slumber.ts';
import { serve, type Server } from '../../doors/serve.ts';
import { createHub, type Hub } from '../../hub/hub.ts';
import { createLog, type Log } from '../../hub/log.ts';
import { openFolderBlobs } from '../../store/blob-folder.ts';
import { tableBlobs } from '../../store/blob-table.ts';
import type { Blobs } from '../../store/blobs.ts';
import type { Store } from '../../store/db.ts';
import { openStore } from '../../store/open.ts';
import { readHubWord } from '../place/config.ts';
import { firstChange } from '../task/first-change.ts';
import { leaveWord, takeWordBack, type Word, wordFile, writeWhole } from '../place/hub-word.ts';
import { untilStopped } from '../terminal/interruption.ts';
import { makeFolder } from '../place/make-folder.ts';
import type { StartOptions } from '../start-options.ts';
import { storeTrouble } from '../place/store-trouble.ts';
import { verifierWords } from '../words/verifier.ts';
import { packageVersion } from '../version.ts';
import { letYoungMemoryGrow } from '../young-memory.ts';

/** In-process callers bring no token; this name is what the log of events shows. */
const VERIFIER = 'verifier';

export async function start(options: StartOptions): Promise<void> {
  const { dataDir, output, mirror, auth, webhookAllow, apiKeys } = options;
  const chosen = { mirror, auth, webhookAllow, apiKeys };
  const clock = systemClock();
  const version = packageVersion();
  const log = createLog(options.logLevel ?? 'warn');
  const stop = untilStopped(options.interruption());
  const { store, blobs } = await open(options, clock);
  const hub = await createHub({
    ...chosen,
    store,
    blobs,
    clock,
    asleepMs: slumber(),
    random: systemRandom(),
    version,
    ownVerifier: options.hasVerifier ? VERIFIER : undefined,
    onEvent: (event) => log.event(event),
    onDefect: (where, error) => log.defect(where, error),
  });
  let server: Server | undefined;
  let word: Word | undefined;
  let verifier: Promise<void> = Promise.resolve();
  const ending = new AbortController();
  try {
    const admin = await keepAdminToken(hub, dataDir);
    const { host, port } = options;
    server = await listen(hub, { host, port, version, clock });
    hub.start();
    word = { url: server.url, dataDir, pid: process.pid, startedAtMs: clock.nowMs() };
    const other = await leaveWord(word, options.env);
    tell(options, server.url, admin);
    if (other !== undefined) tellOther(options, server.url, other.url);
    if (options.hasVerifier) {
      verifier = runVerifier(hub, options, { clock, log, stop: ending.signal });
      // A verifier that fails says so in the log; the hub goes on without it.
      verifier.catch((error: unknown) => log.defect('verifier', error));
    }
    letYoungMemoryGrow();
    await aborted(stop.signal);
    output.note('closing: work in hand is kept', 'note');
  } finally {
    ending.abort();
    await verifier.catch(() => {});
    await server?.close();
    await hub.close();
    if (word !== undefined) await takeWordBack(word, options.env);
    stop.close();
  }
}

/** Found out now rather than at the first case. */
async function makeWritable(folder: string): Promise<void> {
  await makeFolder(folder);
  await access(folder, constants.W_OK);
}

interface Opened {
  store: Store;
  blobs: Blobs;
}

async function open({ databaseUrl, dataDir, mirror }: StartOptions, clock: Clock): Promise<Opened> {
  const random = systemRandom();
  let store: Store | undefined;
  try {
    await makeFolder(dataDir);
    if (mirror !== undefined) await makeWritable(mirror);
    if (databaseUrl !== undefined) {
      // Other hubs may share it: what all of them must see lies in the database too.
      store = await openStore({ url: databaseUrl, clock, random });
      return { store, blobs: tableBlobs({ store, random, nowMs: () => clock.nowMs() }) };
    }
    store = await openStore({ file: join(dataDir, 'hub.db'), clock, random });
    const folder = join(dataDir, 'artifacts');
    return { store, blobs: await openFolderBlobs({ store, random, folder }) };
  } catch (error) {
    await store?.close();
    const other = await readHubWord(wordFile(dataDir)).catch(() => undefined);
    throw storeTrouble(error, { dataDir, databaseUrl, other });
  }
}

async function listen(hub: Hub, options: Parameters<typeof serve>[1]): Promise<Server> {
  try {
    return await serve(hub, options);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const { host, port } = options;
    if (code === 'EADDRINUSE') {
      throw new SignalboxError('unavailable', `port ${port} of ${host} is taken`, {
        hint: 'Give another one with --port; 0 takes a free one. Is a hub running already?',
      });
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new SignalboxError('invalid_input', `${host}:${port} cannot be listened on: ${code}`, {
        hint: 'Give an address of this machine with --host, and a port above 1023.',
      });
    }
    throw error;
  }
}

/** Answers the secret where it was made just now. */
async function keepAdminToken(hub: Hub, dataDir: string): Promise<string | undefined> {
  const file = join(dataDir, 'admin.token');
  return hub.ensureAdmin((secret) => writeWhole(file, `${secret}\n`));
}

function tell(
  { output, dataDir, mirror, auth, hasVerifier }: StartOptions,
  url: string,
  admin?: string,
): void {
  const socket = `${url.replace(/^http/, 'ws')}/v1/socket`;
  const file = join(dataDir, 'admin.token');
  if (output.isJson) {
    const token = admin === undefined ? {} : { adminToken: admin };
    return output.jsonLine({ url, socket, dataDir, auth, pid: process.pid, ...token });
  }
  output.line(`${output.paint('bold', 'Signalbox')} answers at ${output.paint('cyan', url)}`);
  output.line();
  output.line(`  operations   POST ${url}/v1/<operation>`);
  output.line(`  events       ${socket}`);
  output.line(`  description  ${url}/openapi.json`);
  output.line(`  health       ${url}/live /ready /health`);
  output.line(`  data         ${dataDir}`);
  if (mirror !== undefined) output.line(`  mirror       ${mirror}`);
  if (auth === 'none') output.line('  auth         none: whoever is on this machine is believed');
  if (hasVerifier) output.line('  verifier     in this process');
  output.line('  next         signalbox agent run --name ada -- COMMAND, in another terminal');
  if (admin === undefined) return;
  output.line();
  output.line(`  admin token  ${admin}`);
  output.line(`               shown this once; it lies in ${file}`);
}

/** The command line of this user goes on speaking to the hub that was there first. */
function tellOther({ output, dataDir }: StartOptions, url: string, other: string): void {
  output.note(`the command line speaks to the hub at ${other}; to speak to this one:`, 'note');
  const file = join(dataDir, 'admin.token');
  output.note(`SIGNALBOX_URL=${url} SIGNALBOX_TOKEN=$(cat '${file}') signalbox …`, 'hint');
}

interface Beside {
  clock: Clock;
  log: Log;
  stop: AbortSignal;
}

async function runVerifier(hub: Hub, options: StartOptions, beside: Beside): Promise<void> {
  const { clock, log, stop } = beside;
  const connection = hub.connect();
  const client = createClient(localTransport(connection, hub.credentialOf(VERIFIER, 'verifier')));
  const dataDir = join(options.dataDir, 'verifier');
  try {
    const words = (event: Parameters<typeof verifierWords>[0]): void =>
      log.note('verifier', event.kind, verifierWords(event));
    await firstChange(client, stop);
    if (stop.aborted) return;
    const { runVerifier: run } = await import('../../verifier/index.ts');
    await run({ dataDir }, { client, clock, log: words, env: options.env, stop });
  } finally {
    client.close();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
