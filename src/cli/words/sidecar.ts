/** What a sidecar does, in the words that a person beside it reads. */
import { lengthInWords } from '../../contract/length.ts';
import type { SidecarEvent } from '../../sidecar/index.ts';
import { harmless, harmlessLine } from '../terminal/harmless.ts';
import type { Colour } from '../terminal/output.ts';

/** Undefined for what says nothing to a person. */
export function sidecarWords(event: SidecarEvent): string | undefined {
  switch (event.kind) {
    case 'fetching':
      return `fetching ${harmlessLine(event.repository)} …`;
    case 'connected':
      return `connected to ${event.url} as ${event.agent}`;
    case 'disconnected':
      return `no connection to the hub, trying again: ${reasonOf(event.error)}`;
    case 'waiting':
      return 'waiting for a task';
    case 'recovering':
      return `${event.taskId} attempt ${event.attempt}: finishing what an earlier run left`;
    case 'offered':
      return undefined;
    case 'offer_gone':
      return `${event.taskId}: the offer is gone: ${reasonOf(event.error)}`;
    case 'accepted':
      return `${event.taskId} attempt ${event.attempt}: ${harmlessLine(event.title)}`;
    case 'running':
      return `${event.taskId} running in ${event.folder}`;
    case 'stopping':
      return `${event.taskId} stopping the command (${event.ending.replace('_', ' ')})`;
    case 'ended':
      return endWords(event);
    case 'committed':
    case 'pushed':
    case 'kept':
      return workWords(event);
    case 'reported':
    case 'report_refused':
    case 'report_stuck':
      return reportWords(event);
    case 'set_aside':
      return `a file that cannot be read was moved to ${event.path}`;
    case 'waking':
      return `${event.taskId} waking the agent${event.number === 1 ? '' : ` (${event.number})`}`;
    case 'left_hand':
    case 'forgotten':
      return handWords(event);
    case 'draining':
      return drainWords(event);
    case 'paused':
      return `pausing for ${lengthInWords(event.forMs)}: ${harmlessLine(event.reason)}`;
    case 'stopped':
      return 'stopped';
    case 'trouble':
      return `${event.message} ${reasonOf(event.error)}`;
  }
}

type Of<Kind extends SidecarEvent['kind']> = Extract<SidecarEvent, { kind: Kind }>;

function drainWords({ taskId }: Of<'draining'>): string {
  if (taskId === null) return 'taking no more tasks';
  return `finishing ${taskId}, then ending; Ctrl-C again stops it`;
}

function handWords(event: Of<'left_hand' | 'forgotten'>): string {
  if (event.kind === 'left_hand') return `${event.taskId} is ${event.state}`;
  return `${event.taskId} is not known here, giving it back`;
}

function workWords(event: Of<'committed' | 'pushed' | 'kept'>): string {
  switch (event.kind) {
    case 'committed':
      return `${event.taskId} committed ${event.head.slice(0, 12)} on ${event.branch}`;
    case 'pushed':
      return `${event.taskId} pushed ${event.branch}`;
    case 'kept':
      return `${event.taskId} is kept in ${event.folder}, not pushed yet: ${reasonOf(event.error)}`;
  }
}

function reportWords(event: Of<'reported' | 'report_refused' | 'report_stuck'>): string {
  switch (event.kind) {
    case 'reported':
      return `${event.taskId} ${REPORTED[event.outcome]}`;
    case 'report_refused':
      return `${event.taskId} the hub refused ${event.operation}: ${reasonOf(event.error)}`;
    case 'report_stuck':
      return `${event.taskId} the hub does not take ${event.operation}: ${reasonOf(event.error)}`;
  }
}

/** An exit code 0 alone is no success: it is seen later whether anything was made. */
function endWords({ taskId, ending, reason }: Of<'ended'>): string {
  const how = ending === 'succeeded' ? '' : `${ending.replace('_', ' ')}: `;
  return `${taskId} ${how}${harmlessLine(reason)}`;
}

const REPORTED = {
  handed_in: 'handed in',
  failed: 'reported as failed',
  no_change: 'reported as failed: the command changed no file',
  released: 'given back',
};

const COLOURS: Partial<Record<SidecarEvent['kind'], Colour>> = {
  connected: 'green',
  disconnected: 'yellow',
  forgotten: 'yellow',
  waiting: 'dim',
  accepted: 'bold',
  kept: 'yellow',
  pushed: 'green',
  report_refused: 'red',
  report_stuck: 'red',
  set_aside: 'yellow',
  paused: 'yellow',
  stopped: 'dim',
  trouble: 'red',
};

export function sidecarColour({ kind }: SidecarEvent): Colour | undefined {
  return COLOURS[kind];
}

export function reasonOf(error: unknown): string {
  if (error instanceof Error) return harmless(error.message).trim();
  return typeof error === 'string' ? harmless(error).trim() : 'no reason given';
}
