/**
 * An agent that was presumed dead and speaks all the same, at the worst moment: whenever a task is
 * handed out anew, its former holder gives it back under the old fence. The hub must refuse that,
 * every time, or the new holder's work is taken out of its hands.
 */
import { connect, type Client } from '../../src/client/index.ts';
import { SignalboxError, type Event } from '../../src/contract/index.ts';

interface Hand {
  agent: string;
  fence: number;
}

export interface LateVoice {
  hear: (event: Event) => void;
  /** How often it was refused as it should be. */
  countRefused: () => number;
  faults: string[];
  close: () => void;
}

/** Speaks with the token of the agent itself. */
export function openLateVoice(url: string, tokenOf: (agent: string) => string): LateVoice {
  const clients = new Map<string, Client>();
  const hands = new Map<string, Hand>();
  const faults: string[] = [];
  let refused = 0;

  const clientOf = (agent: string): Client => {
    const known = clients.get(agent);
    const client = known ?? connect({ url, token: tokenOf(agent), transport: 'http' });
    clients.set(agent, client);
    return client;
  };

  const speak = async (taskId: string, { agent, fence }: Hand): Promise<void> => {
    try {
      await clientOf(agent).task.decline({ taskId, fence });
      faults.push(`${agent} gave ${taskId} back with fence ${fence}, which was over`);
    } catch (error) {
      const code = error instanceof SignalboxError ? error.code : String(error);
      if (code === 'stale_fence') refused++;
      // The hub may be away just now; any other word is wrong.
      else if (code !== 'unavailable') faults.push(`fence ${fence} of ${taskId} met ${code}`);
    }
  };

  return {
    hear({ type, subject, data: { agent, fence } }) {
      if (type !== 'task.offered' || agent === undefined || fence === undefined) return;
      const former = hands.get(subject);
      hands.set(subject, { agent, fence });
      if (former !== undefined) void speak(subject, former);
    },
    countRefused: () => refused,
    faults,
    close: () => clients.forEach((client) => client.close()),
  };
}
