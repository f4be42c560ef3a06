/** What a verifier does, in the words that a person beside it reads. */
import { lengthInWords } from '../../contract/length.ts';
import type { VerifierEvent } from '../../verifier/index.ts';
import { endInWords } from '../../verifier/words.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import type { Colour } from '../terminal/output.ts';
import { counted } from './time.ts';

export function verifierWords(event: VerifierEvent): string {
  switch (event.kind) {
    case 'ready':
      return readyWords(event);
    case 'swept':
      return `cleared ${counted(event.directories.length, 'folder')} that an earlier verifier left`;
    case 'claimed':
      return `${event.change.id} of ${event.change.author}, for ${event.change.taskId}`;
    case 'fetching':
      return `${event.changeId} ${event.phase} ${event.percent} %`;
    case 'assessed':
      return `${event.changeId} tier ${event.tier}, ${counted(event.checks, 'check')}`;
    case 'check_started':
      return `${event.changeId} check ${event.number}/${event.of}: ${harmlessLine(event.command)}`;
    case 'check_ended':
      return `${event.changeId} it ${endInWords(event.end)}, after ${lengthInWords(event.tookMs)}`;
    case 'passed':
      return `${event.changeId} passed on ${event.baseBranch} ${event.base.slice(0, 12)}`;
    case 'awaiting':
      return `${event.changeId} waits for a human: signalbox change approve ${event.changeId}`;
    case 'landed':
      return `${event.changeId} landed on ${event.baseBranch} as ${event.commit.slice(0, 12)}`;
    case 'rejected':
      return `${event.changeId} goes back: ${harmlessLine(event.reason)}`;
    case 'released':
      return `${event.changeId} is put back: ${harmlessLine(event.reason)}`;
    case 'left':
      return `${event.changeId} is left to others: ${harmlessLine(event.reason)}`;
    case 'hub_away':
      return `no connection to the hub, trying again: ${harmlessLine(event.message)}`;
    case 'hub_back':
      return 'the hub is back';
    case 'trouble':
      return harmlessLine(event.message);
  }
}

function readyWords({ checkUser, isContained }: Extract<VerifierEvent, { kind: 'ready' }>): string {
  const as = checkUser === null ? 'as this user' : `as ${checkUser}`;
  return `ready; checks run ${as}${isContained ? '' : ', without a sandbox of their own'}`;
}

const COLOURS: Partial<Record<VerifierEvent['kind'], Colour>> = {
  ready: 'green',
  claimed: 'bold',
  awaiting: 'yellow',
  landed: 'green',
  rejected: 'red',
  released: 'yellow',
  hub_away: 'yellow',
  trouble: 'red',
};

export function verifierColour({ kind }: VerifierEvent): Colour | undefined {
  return COLOURS[kind];
}
