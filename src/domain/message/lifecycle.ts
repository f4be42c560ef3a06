/**
 * May a delivery move? Pure: state, command and time in, a verdict out.
 *
 *   pending ─► leased ─► acked
 *      ▲          │ nack · lapse            (a signal that failed too often: dead)
 *      └──────────┘
 *   pending ─► acked (read and acknowledged without a lease)     pending, leased ─► expired
 *   pending, leased ─► dead (given up)                           dead ─► pending (redriven)
 *
 * The rungs stored, offered, seen, acked and answered are times beside the state: a later one fills
 * those before it. A failure is a lease that lapsed or was given back; a restart of the hub begins
 * leases anew and is none. Plain messages do not die: they wait until they are read or expire.
 */
import { type DeliveryState, limits } from '../../contract/index.ts';

export interface DeliveryFacts {
  state: DeliveryState;
  isSignal: boolean;
  handOuts: number;
  failures: number;
  availableAtMs: number;
  leaseUntilMs: number | null;
  expiresAtMs: number | null;
}

export type DeliveryCommand =
  | { type: 'lease' }
  | { type: 'ack' }
  | { type: 'nack' }
  | { type: 'progress' }
  | { type: 'term' }
  | { type: 'check' }
  | { type: 'redrive' };

export type DeliveryVerdict =
  | { is: 'move'; to: DeliveryState; isFailure: boolean }
  /** It is so already, or there is nothing to do yet. */
  | { is: 'same' }
  | { is: 'refuse'; message: string };

export function decideDelivery(
  delivery: DeliveryFacts,
  command: DeliveryCommand,
  nowMs: number,
): DeliveryVerdict {
  const { state } = delivery;
  const isOpen = state === 'pending' || state === 'leased';
  switch (command.type) {
    case 'lease':
      return state === 'pending' && delivery.availableAtMs <= nowMs
        ? move('leased')
        : refuse(state, 'handed out');
    case 'ack':
      return isOpen ? move('acked') : { is: 'same' };
    case 'nack':
      return state === 'leased' ? failed(delivery) : refuse(state, 'given back');
    case 'progress':
      return state === 'leased' ? move('leased') : refuse(state, 'held longer');
    case 'term':
      if (state === 'dead') return { is: 'same' };
      return isOpen ? move('dead') : refuse(state, 'given up');
    case 'check':
      return check(delivery, nowMs);
    case 'redrive':
      return state === 'dead' ? move('pending') : refuse(state, 'put back');
  }
}

/** What time alone does: it expires, or its lease lapses. */
function check(delivery: DeliveryFacts, nowMs: number): DeliveryVerdict {
  const { state, expiresAtMs, leaseUntilMs } = delivery;
  if (state !== 'pending' && state !== 'leased') return { is: 'same' };
  if (expiresAtMs !== null && expiresAtMs <= nowMs) return move('expired');
  return state === 'leased' && (leaseUntilMs ?? 0) <= nowMs ? failed(delivery) : { is: 'same' };
}

function failed({ isSignal, failures, handOuts }: DeliveryFacts): DeliveryVerdict {
  const isSpent =
    failures + 1 >= limits.messageFailuresMax || handOuts >= limits.messageHandOutsMax;
  return { is: 'move', to: isSignal && isSpent ? 'dead' : 'pending', isFailure: true };
}

function move(to: DeliveryState): DeliveryVerdict {
  return { is: 'move', to, isFailure: false };
}

function refuse(state: DeliveryState, verb: string): DeliveryVerdict {
  return { is: 'refuse', message: `a message that is ${state} cannot be ${verb}` };
}
