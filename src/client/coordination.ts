/**
 * The tools of the hub as methods, for agents that are programs of their own or run in a cloud:
 *
 * ```ts
 * const hub = new AgentCoordinationClient({ url: 'https://hub.example.org', apiKey: 'sbx_…' });
 * await hub.acquire_lock({ paths: ['src/parser/**'], reason: 'a new grammar' });
 * ```
 *
 * The names are those that agents call over MCP. Each method answers the data of its tool, or
 * throws a `SignalboxError`. A thin face of the typed client.
 */
import type { z } from 'zod';
import {
  type Ask,
  askThrough,
  type Caller,
  type ToolName,
  type Tools,
  tools,
} from '../tools/index.ts';
import { type Client, connect } from './client.ts';
import { keyMaker } from './keys.ts';

export interface CoordinationOptions {
  url: string;
  /** A token, or one of the hub's COORDINATION_API_KEYS; none under `--auth none`. */
  apiKey?: string | undefined;
  /** The name of the agent; a hub that asks for a token believes only that one. */
  agentId?: string | undefined;
  /** Who holds the locks that are taken here: another one for each process and conversation. */
  sessionId?: string | undefined;
  /** The repository that paths are of, unless the project has only one. */
  repository?: string | undefined;
}

type Data<Name extends ToolName> = Awaited<ReturnType<Tools[Name]['run']>>['data'];
type Method<Name extends ToolName> = (args?: z.input<Tools[Name]['input']>) => Promise<Data<Name>>;

export class AgentCoordinationClient {
  readonly #client: Client;
  readonly #ask: Ask;
  readonly #caller: Caller;

  constructor({ url, apiKey, agentId, sessionId, repository }: CoordinationOptions) {
    this.#client = connect({ url, token: apiKey, agent: agentId, transport: 'http' });
    this.#ask = askThrough((operation, input) => this.#client.call(operation, input));
    this.#caller = {
      holder: { session: sessionId ?? keyMaker()() },
      ...(repository === undefined ? {} : { repository }),
    };
  }

  readonly acquire_lock: Method<'acquire_lock'> = async (args) =>
    (await tools.acquire_lock.call(this.#ask, args, this.#caller)).data;
  readonly release_lock: Method<'release_lock'> = async (args) =>
    (await tools.release_lock.call(this.#ask, args, this.#caller)).data;
  readonly check_locks: Method<'check_locks'> = async (args) =>
    (await tools.check_locks.call(this.#ask, args, this.#caller)).data;
  readonly remember: Method<'remember'> = async (args) =>
    (await tools.remember.call(this.#ask, args, this.#caller)).data;
  readonly recall: Method<'recall'> = async (args) =>
    (await tools.recall.call(this.#ask, args, this.#caller)).data;
  readonly get_work: Method<'get_work'> = async (args) =>
    (await tools.get_work.call(this.#ask, args, this.#caller)).data;
  readonly complete_work: Method<'complete_work'> = async (args) =>
    (await tools.complete_work.call(this.#ask, args, this.#caller)).data;
  readonly submit_work: Method<'submit_work'> = async (args) =>
    (await tools.submit_work.call(this.#ask, args, this.#caller)).data;
  readonly send_message: Method<'send_message'> = async (args) =>
    (await tools.send_message.call(this.#ask, args, this.#caller)).data;
  readonly check_inbox: Method<'check_inbox'> = async (args) =>
    (await tools.check_inbox.call(this.#ask, args, this.#caller)).data;
  readonly why: Method<'why'> = async (args) =>
    (await tools.why.call(this.#ask, args, this.#caller)).data;
  readonly list_agents: Method<'list_agents'> = async (args) =>
    (await tools.list_agents.call(this.#ask, args, this.#caller)).data;

  close(): void {
    this.#client.close();
  }
}
