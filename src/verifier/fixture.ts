/**
 * For tests: a small hub that keeps the promises of the contract about changes (leases, fences,
 * keys, one lander a branch) in memory, behind the transport that the verifier speaks over. The
 * tests look at it from outside and may break its wire.
 */
import { createServer, type Server } from 'node:http';
import { createClient, type Client } from '../client/client.ts';
import type { Request, Transport } from '../client/transport.ts';
import { limits, operations, SignalboxError, type Change } from '../contract/index.ts';
import { assess, type Assessment } from '../domain/change/policy.ts';

interface Held {
  change: Change;
  lease: number | null;
  assessment: Assessment | null;
  log: string;
  availableAtMs: number;
  /** What the last release asked for. */
  retryInMs: number;
}

export type Wire = (request: Request, apply: () => unknown) => unknown;

export class ScriptedHub {
  readonly held: Held[] = [];
  readonly checks = new Map<string, string[]>();
  readonly said: { operation: string; input: unknown }[] = [];
  /** How a request travels: a test may refuse it, lose its answer, or act in between. */
  wire: Wire = (_, apply) => apply();
  /** False: a hub that breaks its promise, so that only the push itself stands between two. */
  hasOneLander = true;
  #lease = 0;
  #answers = new Map<string, unknown>();
  #listeners = new Set<() => void>();

  submit(
    parts: Partial<Change> & Pick<Change, 'branch' | 'headCommit' | 'baseCommit'>,
    url: string,
  ): Change {
    const number = String(this.held.length).padStart(21, '0');
    const change: Change = {
      id: `chg_${number}`,
      taskId: `tsk_${number}`,
      attempt: 1,
      fence: 1,
      repository: { id: `rep_${'0'.repeat(21)}`, url },
      baseBranch: null,
      author: 'ada',
      state: 'submitted',
      reason: null,
      tier: null,
      rules: [],
      testedCommit: null,
      testedBase: null,
      landedCommit: null,
      verifier: null,
      approvedBy: null,
      createdAtMs: 1,
      endedAtMs: null,
      nextCheckMs: null,
      ...parts,
    };
    const fresh = { lease: null, assessment: null, log: '', availableAtMs: 0, retryInMs: 0 };
    this.held.push({ change, ...fresh });
    for (const listener of this.#listeners) listener();
    return change;
  }

  /** As the hub's clock does when a verifier is silent. */
  expire(): void {
    for (const held of this.held) {
      if (held.lease === null) continue;
      held.lease = null;
      if (held.change.state === 'verifying') held.change.state = 'submitted';
    }
  }

  find(id: string): Held {
    const held = this.held.find(({ change }) => change.id === id);
    if (held === undefined) throw new SignalboxError('not_found', `no change ${id}`);
    return held;
  }

  operationsOf(id: string): string[] {
    return this.said
      .filter(
        ({ input }) =>
          typeof input === 'object' && input !== null && 'id' in input && input.id === id,
      )
      .map(({ operation }) => operation)
      .filter((operation) => operation !== 'change.heartbeat');
  }

  transport(): Transport {
    return {
      call: async (request) => {
        const output = await this.wire(request, () => this.invoke(request));
        return { output: structuredClone(output), isDeduplicated: false };
      },
      upload: () => Promise.reject(new Error('no streams here')),
      download: () => Promise.reject(new Error('no streams here')),
      subscribe: ({ onEvent, onEnd }) => {
        const listener = (): void =>
          onEvent({
            seq: 1,
            atMs: 1,
            type: 'change.submitted',
            subject: '',
            actor: '',
            audience: null,
            data: {},
          });
        this.#listeners.add(listener);
        const close = (): void => void this.#listeners.delete(listener);
        return { close: () => (close(), onEnd(undefined)) };
      },
      close: () => {},
    };
  }

  client(): Client {
    return createClient(this.transport());
  }

  /** The same over HTTP, for a verifier in a process of its own. */
  async serve(): Promise<{ url: string; server: Server }> {
    const server = createServer((request, response) => {
      const answer = async (): Promise<void> => {
        let body = '';
        for await (const chunk of request) body += String(chunk);
        const operation = request.url?.slice('/v1/'.length) ?? '';
        const key = request.headers['idempotency-key'];
        const input: unknown = JSON.parse(body);
        try {
          const asked = { operation, input, key: typeof key === 'string' ? key : undefined };
          const output = await this.wire(asked, () => this.invoke(asked));
          response.end(JSON.stringify(output));
        } catch (error) {
          const known =
            error instanceof SignalboxError ? error : new SignalboxError('internal', String(error));
          response.statusCode = known.code === 'unavailable' ? 503 : 409;
          response.end(JSON.stringify({ error: known.toBody() }));
        }
      };
      void answer().catch(() => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : null;
    return { url: `http://127.0.0.1:${port}`, server };
  }

  invoke({ operation, input, key }: Request): unknown {
    const answered = key === undefined ? undefined : this.#answers.get(`${operation} ${key}`);
    if (answered !== undefined) return answered;
    const output = this.#handle(operation, input);
    if (key !== undefined) this.#answers.set(`${operation} ${key}`, output);
    return output;
  }

  #handle(operation: string, raw: unknown): unknown {
    this.said.push({ operation, input: raw });
    switch (operation) {
      case 'hub.status':
        return { cursor: 0 };
      case 'event.list':
        return { items: [], nextCursor: 0, headCursor: 0 };
      case 'task.show':
        return { task: { repository: { baseBranch: null } } };
      case 'change.claim':
        return { verification: this.#claim() };
      case 'change.heartbeat': {
        const input = operations['change.heartbeat'].input.parse(raw);
        this.#mine(input);
        return { leaseUntilMs: Date.now() + limits.verifierLeaseMs };
      }
      case 'change.assess':
        return this.#assess(operations['change.assess'].input.parse(raw));
      case 'change.pass': {
        const input = operations['change.pass'].input.parse(raw);
        const held = this.#mine(input, 'verifying');
        const isFree = held.change.tier === 0 || held.change.approvedBy !== null;
        const { testedCommit, testedBase, log } = input;
        held.log = log;
        Object.assign(held.change, { testedCommit, testedBase });
        return this.#move(held, isFree ? 'landing' : 'awaiting');
      }
      case 'change.reject': {
        const input = operations['change.reject'].input.parse(raw);
        const held = this.#mine(input, 'verifying');
        held.log = input.log;
        held.change.reason = input.reason;
        return this.#move(held, input.outcome === 'conflict' ? 'conflicted' : 'rejected');
      }
      case 'change.release': {
        const input = operations['change.release'].input.parse(raw);
        const held = this.#mine(input);
        held.change.reason = input.reason;
        held.retryInMs = input.retryInMs;
        held.availableAtMs = Date.now() + input.retryInMs;
        return this.#move(held, 'submitted');
      }
      case 'change.land': {
        const input = operations['change.land'].input.parse(raw);
        const held = this.#mine(input, 'landing');
        held.change.landedCommit = input.landedCommit;
        return this.#move(held, 'landed');
      }
      default:
        throw new SignalboxError('unknown_operation', operation);
    }
  }

  #claim(): { change: Change; lease: number } | null {
    const isBusy = (url: string): boolean =>
      this.hasOneLander &&
      this.held.some(({ change, lease }) => lease !== null && change.repository.url === url);
    const free = this.held.filter(
      ({ change, lease, availableAtMs }) =>
        lease === null && availableAtMs <= Date.now() && !isBusy(change.repository.url),
    );
    const found =
      free.find(({ change }) => change.state === 'landing') ??
      free.find(({ change }) => change.state === 'submitted');
    if (found === undefined) return null;
    found.lease = ++this.#lease;
    if (found.change.state === 'submitted') found.change.state = 'verifying';
    return { change: structuredClone(found.change), lease: found.lease };
  }

  #assess(input: ReturnType<(typeof operations)['change.assess']['input']['parse']>): unknown {
    const held = this.#mine(input, 'verifying');
    const taskChecks = this.checks.get(held.change.id) ?? [];
    const found = assess({ ...input, taskChecks });
    held.assessment = found;
    held.change.tier = found.tier;
    return { ...found, isApproved: held.change.approvedBy !== null };
  }

  #mine({ id, lease }: { id: string; lease: number }, state?: Change['state']): Held {
    const held = this.find(id);
    if (held.lease !== lease) throw new SignalboxError('stale_fence', `${id} is not yours`);
    if (state !== undefined && held.change.state !== state) {
      throw new SignalboxError('conflict', `${id} is ${held.change.state}`);
    }
    return held;
  }

  #move(held: Held, state: Change['state']): { state: Change['state'] } {
    held.change.state = state;
    if (state !== 'landing') held.lease = null;
    return { state };
  }
}
