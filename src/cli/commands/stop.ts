/**
 * Ends the hub of this user on this machine, whoever has started it: a terminal, or an agent that
 * wanted its tools. Only what has proved to be that hub is ended, because the number of a process
 * may have come to another one since.
 */
import { join } from 'node:path';
import { connect } from '../../client/index.ts';
import { SignalboxError } from '../../contract/errors.ts';
import { hasCode, readHubState, readHubWord, readIfThere, type HubState } from '../place/config.ts';
import { isSameHub } from '../place/connection.ts';
import type { Context } from '../context.ts';
import { runProgram } from '../daemon/here.ts';
import { stopOfService } from '../daemon/stop-unit.ts';
import { isAlive, wordFile } from '../place/hub-word.ts';
import { isRunning } from '../place/own-hub.ts';

/** Work in hand is brought to a point at which it is kept. */
const END_MS = 30_000;
const LOOK_MS = 50;

export async function stop(context: Context): Promise<void> {
  const { options, output, env, clock } = context;
  const state = await readHubState(env);
  if (state === undefined) throw noneHere();
  const { url, dataDir, pid } = state;
  refuseOther(options.text('url'), url);
  if (!isRunning(pid)) throw noneHere();
  await mustBeOurs(state);
  const command = await stopOfService(pid, runProgram(env));
  if (command !== undefined) throw keptByService(state, command);
  end(state);
  const untilMs = clock.nowMs() + END_MS;
  while (!(await isGone(state))) {
    if (clock.nowMs() >= untilMs) throw stillThere(state);
    await clock.sleep(LOOK_MS);
  }
  output.give({ url, pid, dataDir }, () => [
    `The hub at ${url} (process ${pid}) has ended. Its data stays in ${dataDir}.`,
  ]);
}

/** This ends what runs here, and nothing that an address leads to. */
function refuseOther(named: string | undefined, url: string): void {
  if (named === undefined || isSameHub(named, url)) return;
  throw new SignalboxError('invalid_input', `Your own hub on this machine is at ${url}.`, {
    hint: 'Leave --url out to stop that one; any other is stopped where it runs.',
  });
}

/** It answers where it said, as the one that has its data folder, and knows the token in it. */
async function mustBeOurs({ url, dataDir, pid }: HubState): Promise<void> {
  if (!(await isAlive(url))) throw silent(url, pid);
  if ((await readHubWord(wordFile(dataDir)))?.pid !== pid) throw somebodyElses(url);
  const token = (await readIfThere(join(dataDir, 'admin.token')))?.trim();
  // Where hubs share a database, it may lie with another one.
  if (token === undefined) return;
  const client = connect({ url, transport: 'http', token });
  try {
    await client.hub.whoami();
  } catch (error) {
    const isForeign = error instanceof SignalboxError && error.code === 'unauthenticated';
    throw isForeign ? somebodyElses(url) : error;
  } finally {
    client.close();
  }
}

function end({ url, pid }: HubState): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if (hasCode(error, 'EPERM')) throw somebodyElses(url);
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

/** The last thing that it does is to take back its word; a parent may be late to notice its end. */
async function isGone({ url, dataDir, pid }: HubState): Promise<boolean> {
  const hasLeft = !isRunning(pid) || (await readHubWord(wordFile(dataDir)))?.pid !== pid;
  return hasLeft && !(await isAlive(url));
}

function noneHere(): SignalboxError {
  return new SignalboxError('unavailable', 'No hub of this user runs on this machine.', {
    hint: 'One elsewhere, or of another user, is stopped where it was started.',
  });
}

function silent(url: string, pid: number): SignalboxError {
  return new SignalboxError('unavailable', `The hub at ${url} does not answer.`, {
    hint: `Process ${pid} may be that hub, or another program by now: ps -fp ${pid} shows it.`,
  });
}

function somebodyElses(url: string): SignalboxError {
  return new SignalboxError('forbidden', `What answers at ${url} is not the hub of this user.`, {
    hint: 'Whoever started it can stop it.',
  });
}

function keptByService({ url, pid }: HubState, command: string): SignalboxError {
  return new SignalboxError('conflict', `A service keeps the hub at ${url} (process ${pid}).`, {
    hint: `It would come back. To stop it: ${command}`,
  });
}

function stillThere({ url, pid }: HubState): SignalboxError {
  return new SignalboxError('unavailable', `The hub at ${url} (process ${pid}) goes on.`, {
    hint: 'It was told to end, and brings to an end what it has in hand. Look again in a moment.',
  });
}
