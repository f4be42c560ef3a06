/**
 * One attempt, carried from stage to stage until nothing is left to do: `lifecycle.ts` says which
 * step is next, this file does it and writes the stage down.
 *
 * The command may be asked to stop at any time, and the first reason counts. Whatever the reason,
 * the rest of the way is the same: commit, push, report, clean.
 */
import type { Client } from '../client/index.ts';
import { SignalboxError } from '../contract/index.ts';
import { assert, unreachable } from '../core/assert.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { Adapter, Job, Running } from './adapter.ts';
import type { Shelf } from './durable.ts';
import { endOfCommand, endUnprepared, errorInWords, stopInWords, unfit } from './ending.ts';
import type { End, Stop } from './ending.ts';
import { move, nextStep, type Happening } from './lifecycle.ts';
import type { Outbox } from './outbox.ts';
import { patiently } from './patience.ts';
import type { Say } from './progress.ts';
import { promptOf } from './prompt.ts';
import { recordName, type AttemptRecord } from './record.ts';
import { reportOf } from './report.ts';
import { createReporter, type Reporter } from './reporter.ts';
import { collect, secure } from './safekeeping.ts';
import { commandEnvironment, writeTaskFiles } from './task-file.ts';
import { headOf, type Workspace } from './workspace.ts';

/** Who wants an attempt stopped still wants its work pushed, though not for as long as it takes. */
const HURRY_MS = 30_000;
const NO_JOURNAL = 'The disk does not take the journal.';
const PREPARE_TRIES = 5;
/** With the pauses of `patience.ts` some five minutes: the work is done, and worth waiting for. */
const PUSH_TRIES = 12;

export interface AttemptPorts {
  client: Client;
  clock: Clock;
  random: Random;
  say: Say;
  journal: Shelf<AttemptRecord>;
  outbox: Outbox;
  workspace: Workspace;
  adapter: Adapter;
  command: readonly string[];
  agent: string;
  url: string;
  env: Record<string, string | undefined>;
  /** Undefined: the command does not get the sidecar's token. */
  commandToken: string | undefined;
  /** Called before the hub hears that this machine cannot work, so that it sends no more. */
  onUnfit: () => Promise<void>;
}

export class Attempt {
  readonly #ports: AttemptPorts;
  #record: AttemptRecord;
  #isGone = false;
  #stop: Stop | null = null;
  /** The hub's reason for the stop, if it gave one. */
  #stopReason: string | null = null;
  #running: Running | undefined;
  /** What git needs in the command's environment. */
  #environment: Record<string, string> = {};
  readonly #hurry = new AbortController();
  readonly #deadline = new AbortController();

  constructor(ports: AttemptPorts, record: AttemptRecord) {
    this.#ports = ports;
    this.#record = record;
  }

  get record(): AttemptRecord {
    return this.#record;
  }

  /** True until its report is on its way, unless the hub has ended it itself. */
  get holdsTask(): boolean {
    const { stage, ending } = this.#record;
    const isOver = stage === 'parked' || stage === 'reported';
    return !isOver && ending !== 'cancelled' && ending !== 'fenced';
  }

  /** Everything is pushed and told, or there was nothing to push. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Ends the command, if it still runs, and the patience with everything after it. */
  stop(stop: Stop, reason: string | null = null): void {
    if (this.#stop !== null) return;
    this.#stop = stop;
    this.#stopReason = reason;
    const isEnding = move(this.#record.stage, 'ended') !== null;
    if (isEnding) this.#ports.say({ kind: 'stopping', taskId: this.#record.taskId, ending: stop });
    this.#running?.stop();
    if (stop === 'timed_out' || stop === 'over_budget') return;
    this.#hurry.abort();
    this.#ports.clock.after(HURRY_MS, () => this.#deadline.abort());
  }

  /** Goes on until the attempt is gone, or until it can only wait for its repository. */
  async drive(): Promise<void> {
    let isWaiting = false;
    while (!this.#isGone && !isWaiting) isWaiting = await this.#step();
  }

  /** Does the next step; true where there is no use in trying it again soon. */
  async #step(): Promise<boolean> {
    const step = nextStep(this.#record.stage);
    switch (step) {
      case 'prepare':
        return this.#prepare();
      case 'run':
        return this.#run();
      case 'commit':
        return this.#commit();
      case 'push':
        return this.#push();
      case 'report':
        return this.#report();
      case 'clean':
        return this.#clean();
      default:
        return unreachable(step);
    }
  }

  async #prepare(): Promise<false> {
    const { workspace } = this.#ports;
    const { signal } = this.#hurry;
    try {
      const prepare = () => workspace.prepare(this.#record, signal);
      const patience = { ...this.#ports, signal, tries: PREPARE_TRIES };
      const { base, environment } = await patiently(prepare, patience);
      this.#environment = environment;
      const isSaved = await this.#to('prepared', { base });
      return isSaved ? false : await this.#end(unfit(NO_JOURNAL));
    } catch (error) {
      return this.#end(endUnprepared(error));
    }
  }

  async #run(): Promise<false> {
    const { adapter, clock, workspace } = this.#ports;
    const { timeoutMs } = this.#record.task;
    const folder = workspace.placeOf(this.#record);
    const reporter = this.#reporter();
    try {
      const job = await this.#job(folder, reporter);
      const mayStart = this.#stop === null && (await this.#to('started', {}));
      if (!mayStart) return await this.#end(unfit(NO_JOURNAL));
      this.#running = adapter(job);
    } catch (error) {
      return this.#end(unfit(errorInWords(error)));
    }
    const { process, pid, exit } = this.#running;
    this.#record = { ...this.#record, process };
    await this.#save();
    // A stop that came before there was anything to stop.
    if (this.#isStopping()) this.#running.stop();
    const cancelTimeout = clock.after(timeoutMs, () => this.stop('timed_out'));
    if (pid !== null) this.#tellStart(folder, pid);
    const end = endOfCommand(await exit);
    cancelTimeout();
    reporter.close();
    return this.#end(end);
  }

  #isStopping(): boolean {
    return this.#stop !== null;
  }

  #reporter(): Reporter {
    const { client, clock } = this.#ports;
    const { taskId, fence } = this.#record;
    const onStop = (reason: string): void => this.stop('over_budget', reason);
    return createReporter({ client, clock, taskId, fence, onStop });
  }

  async #job(folder: string, reporter: Reporter): Promise<Job> {
    const { workspace, agent, url, env: user, commandToken: token, command, say } = this.#ports;
    const attempt = this.#record;
    const prompt = promptOf(attempt);
    const files = await writeTaskFiles(workspace.folderOf(attempt), { attempt, prompt });
    const { promptFile, ...named } = files;
    const parts = { ...named, attempt, agent, url, folder, user, token };
    const environment = { ...commandEnvironment(parts), ...this.#environment };
    const onTrouble = (message: string): void => say({ kind: 'trouble', message, error: null });
    const ears = { onProgress: reporter.tell, onTrouble };
    return { command, folder, environment, prompt, promptFile, ...ears };
  }

  /** The command does not wait for the hub's answer, and stops when that is a refusal. */
  #tellStart(folder: string, pid: number): void {
    const { client, say } = this.#ports;
    const { taskId, attempt, fence } = this.#record;
    say({ kind: 'running', taskId, attempt, folder, pid });
    client.task.start({ taskId, fence }, { key: `${taskId}.${fence}.start` }).catch((error) => {
      if (error instanceof SignalboxError && error.code === 'stale_fence') this.stop('fenced');
    });
  }

  async #end(end: End): Promise<false> {
    const { say, onUnfit } = this.#ports;
    const { taskId, attempt, task } = this.#record;
    const stop = this.#stop;
    const ending = stop ?? end.ending;
    const why = this.#stopReason === null ? '' : ` ${this.#stopReason}`;
    const reason = stop === null ? end.reason : `${stopInWords(stop, task.timeoutMs)}${why}`;
    await this.#to('ended', { ending, reason, log: end.log, told: end.told ?? null });
    say({ kind: 'ended', taskId, attempt, ending, reason });
    if (ending === 'unfit' || ending === 'limited') await onUnfit();
    return false;
  }

  async #commit(): Promise<false> {
    const work = await collect(this.#ports.workspace, this.#record);
    await this.#to('committed', { work });
    const { taskId, branch } = this.#record;
    const head = headOf(work);
    if (head !== null) this.#ports.say({ kind: 'committed', taskId, head, branch });
    return false;
  }

  async #push(): Promise<boolean> {
    const { workspace } = this.#ports;
    const isParked = this.#record.stage === 'parked';
    if (isParked && this.#record.work?.kind === 'unsaved') {
      this.#record = { ...this.#record, work: await collect(workspace, this.#record) };
    }
    const signals = { hurry: this.#hurry.signal, deadline: this.#deadline.signal };
    const tries = isParked ? 1 : PUSH_TRIES;
    const { record, error } = await secure({ ...this.#ports, ...signals }, this.#record, tries);
    this.#record = record;
    if (error === null) return this.#pushed();
    const { taskId, branch } = record;
    const folder = workspace.placeOf(record);
    this.#ports.say({ kind: 'kept', taskId, branch, folder, error });
    if (isParked) return true;
    await this.#to('push_failed', { unpushed: errorInWords(error) });
    // What this machine cannot push it should not be given to do again.
    await this.#ports.onUnfit();
    return false;
  }

  async #pushed(): Promise<false> {
    const { taskId, branch, work } = this.#record;
    const head = headOf(work);
    await this.#to('pushed', {});
    if (head !== null) this.#ports.say({ kind: 'pushed', taskId, branch, head });
    return false;
  }

  async #report(): Promise<false> {
    const report = reportOf(this.#record);
    if (report !== null) await this.#ports.outbox.put(report);
    await this.#to('reported', {});
    return false;
  }

  async #clean(): Promise<boolean> {
    const { workspace, say } = this.#ports;
    try {
      await workspace.remove(this.#record);
    } catch (error) {
      say({ kind: 'trouble', message: 'The folder of an attempt could not be removed.', error });
      return true;
    }
    await this.#to('cleaned', {});
    return false;
  }

  /** Answers whether the new stage is on disk. In memory the attempt goes on in any case. */
  async #to(happening: Happening, patch: Partial<AttemptRecord>): Promise<boolean> {
    const stage = move(this.#record.stage, happening);
    assert(stage !== null, `an attempt that is ${this.#record.stage} is not ${happening}`);
    this.#isGone = stage === 'gone';
    this.#record = { ...this.#record, ...patch, stage: stage === 'gone' ? 'reported' : stage };
    return this.#save();
  }

  async #save(): Promise<boolean> {
    const { journal, say } = this.#ports;
    const name = recordName(this.#record);
    try {
      await (this.#isGone ? journal.remove(name) : journal.put(name, this.#record));
      return true;
    } catch (error) {
      say({ kind: 'trouble', message: 'The journal could not be written.', error });
      return false;
    }
  }
}
