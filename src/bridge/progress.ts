/** What the bridge tells of its work, as it happens. */

export type BridgeEvent =
  | { kind: 'waiting'; holder: string }
  | { kind: 'ready'; files: string[]; hub: string[] }
  /** A message of the hub became a file. */
  | { kind: 'written'; agent: string; id: string; file: string }
  /** Its reader moved the file to `.processed/`, and the hub knows. */
  | { kind: 'acked'; agent: string; id: string; file: string }
  /** Its reader moved the file to `.failed/`: it is a dead letter now. */
  | { kind: 'failed'; agent: string; id: string; file: string; reason: string }
  /** It ended at the hub while its file waited. */
  | { kind: 'withdrawn'; agent: string; id: string; file: string; reason: string }
  /** A file became a message: it is on the hub's disk. */
  | { kind: 'sent'; agent: string; id: string; from: string; file: string }
  /** A file went to `.failed/`, with the reason beside it. */
  | { kind: 'refused'; agent: string; file: string; reason: string }
  | { kind: 'progress'; agent: string; waiting: number }
  | { kind: 'hub_away'; message: string }
  | { kind: 'hub_back' }
  | { kind: 'trouble'; agent: string | null; message: string };

export type Say = (event: BridgeEvent) => void;
