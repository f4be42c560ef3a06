/** What a hook has to say, before it is put in the words of a client. */
export type Said =
  | { kind: 'nothing' }
  /** For the agent, at its next turn. */
  | { kind: 'context'; text: string }
  /** The agent's step is not made, and why. */
  | { kind: 'refusal'; text: string }
  /** For the person who sits there. */
  | { kind: 'warning'; text: string };

export const NOTHING: Said = { kind: 'nothing' };
