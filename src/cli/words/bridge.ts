/** What a bridge does, in the words that a person beside it reads. */
import type { BridgeEvent } from '../../bridge/index.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import type { Colour } from '../terminal/output.ts';
import { counted } from './time.ts';

export function bridgeWords(event: BridgeEvent): string {
  switch (event.kind) {
    case 'waiting':
      return `looking whether another bridge is still there: ${harmlessLine(event.holder)}`;
    case 'ready':
      return `ready; on files: ${listed(event.files)}; on the hub: ${listed(event.hub)}`;
    case 'written':
      return `${event.id} for ${event.agent} is ${harmlessLine(event.file)}`;
    case 'acked':
      return `${event.id} is acknowledged by ${event.agent}`;
    case 'failed':
      return `${event.id} is given up by ${event.agent}: ${harmlessLine(event.reason)}`;
    case 'withdrawn':
      return `${harmlessLine(event.file)} is taken back: ${harmlessLine(event.reason)}`;
    case 'sent':
      return `${harmlessLine(event.file)} is ${event.id} for ${event.agent}, from ${event.from}`;
    case 'refused':
      return `to .failed of ${event.agent}: ${harmlessLine(event.reason)}`;
    case 'progress':
      return `${counted(event.waiting, 'file')} more for ${event.agent}`;
    case 'hub_away':
      return `no connection to the hub, trying again: ${harmlessLine(event.message)}`;
    case 'hub_back':
      return 'the hub is back';
    case 'trouble': {
      const where = event.agent === null ? '' : `${event.agent}: `;
      return `${where}${harmlessLine(event.message)}`;
    }
  }
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}

const COLOURS: Partial<Record<BridgeEvent['kind'], Colour>> = {
  ready: 'green',
  failed: 'red',
  withdrawn: 'yellow',
  refused: 'red',
  hub_away: 'yellow',
  trouble: 'red',
};

export function bridgeColour({ kind }: BridgeEvent): Colour | undefined {
  return COLOURS[kind];
}
