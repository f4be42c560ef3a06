/**
 * Signals in three words, for programs that send, poll and acknowledge:
 *
 * ```ts
 * const pulse = new SignalClient('Pulse', 'sbx_…', 'http://127.0.0.1:8080');
 * await pulse.send('FirstResponder', 'PIPELINE_TRANSITION', { lead_id: 'abc-123' });
 * for (const signal of await pulse.pollInbox()) await pulse.ack(signal.id);
 * ```
 *
 * A signal stays in the inbox until it is acknowledged. A thin face of the typed client.
 */
import { type Output, type Signal, signalOf } from '../contract/index.ts';
import { connect, type Client } from './client.ts';

export class SignalClient {
  readonly #agent: string;
  readonly #client: Client;

  /** `apiKey` is a token of this agent; a hub under `--auth none` believes the name alone. */
  constructor(agentName: string, apiKey: string | undefined, url: string) {
    this.#agent = agentName;
    this.#client = connect({ url, token: apiKey, agent: agentName, transport: 'http' });
  }

  /** Kept where nobody has heard of the recipient yet: it lies there when it comes. */
  async send(
    to: string,
    type: string,
    body: Record<string, unknown> = {},
  ): Promise<Output<'message.send'>> {
    const signal = { to: { agent: to }, type, data: body, isSignal: true };
    return this.#client.message.send({ ...signal, unknown: 'keep' });
  }

  /** What waits to be acknowledged, the oldest first: a page of it. */
  async pollInbox(): Promise<Signal[]> {
    const { items } = await this.#client.message.read();
    return items.map((item) => signalOf(item, this.#agent));
  }

  /** Twice is harmless. */
  async ack(signalId: string): Promise<void> {
    await this.#client.message.ack({ ids: [signalId] });
  }

  close(): void {
    this.#client.close();
  }
}
