/** What a sidecar tells about itself, as values: whoever runs it finds the words for them. */
import type { SignalboxError } from '../contract/index.ts';
import type { Ending } from './lifecycle.ts';
import type { Report, Reported } from './report.ts';

type Operation = Report['operation'];

export type SidecarEvent =
  /** A step that may take long has begun. */
  | { kind: 'fetching'; repository: string }
  | { kind: 'connected'; agent: string; sessionId: string; url: string }
  /** The hub thinks that this task is in hand, and nothing is known of it here: it goes back. */
  | { kind: 'forgotten'; taskId: string }
  | { kind: 'disconnected'; error: SignalboxError | undefined }
  | { kind: 'waiting' }
  | { kind: 'recovering'; taskId: string; attempt: number; killed: number }
  | { kind: 'offered'; taskId: string }
  | { kind: 'offer_gone'; taskId: string; error: unknown }
  | { kind: 'accepted'; taskId: string; attempt: number; title: string }
  | { kind: 'running'; taskId: string; attempt: number; folder: string; pid: number | null }
  | { kind: 'stopping'; taskId: string; ending: Ending }
  | { kind: 'ended'; taskId: string; attempt: number; ending: Ending; reason: string }
  | { kind: 'committed'; taskId: string; head: string; branch: string }
  | { kind: 'pushed'; taskId: string; branch: string; head: string }
  /** The work could not be pushed yet. It lies in the folder and is tried again. */
  | { kind: 'kept'; taskId: string; branch: string; folder: string; error: unknown }
  | { kind: 'reported'; taskId: string; operation: Operation; outcome: Reported }
  | { kind: 'report_refused'; taskId: string; operation: Operation; error: SignalboxError }
  /** The hub answers with a defect again and again; it is tried again at the next start. */
  | { kind: 'report_stuck'; taskId: string; operation: Operation; error: SignalboxError }
  /** A file that could not be read was moved here. */
  | { kind: 'set_aside'; path: string }
  /** An agent that runs elsewhere is told of its task. */
  | { kind: 'waking'; taskId: string; number: number }
  /** It has handed the task in, or the task is not its any more. */
  | { kind: 'left_hand'; taskId: string; state: string }
  | { kind: 'draining'; taskId: string | null }
  | { kind: 'paused'; forMs: number; reason: string }
  | { kind: 'stopped' }
  | { kind: 'trouble'; message: string; error: unknown };

export type Say = (event: SidecarEvent) => void;
