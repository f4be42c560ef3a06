/** What passes between a client, the endpoint that stands for its vendor, and a script. */
export interface Turn {
  client: ClientName;
  /** The names of the tools that may be called. */
  tools: string[];
  /** All that it reads but results: its instructions, what was typed, what hooks added. */
  shown: string;
  /** What tools gave back, the oldest first. */
  results: string[];
}

export type ClientName = 'claude' | 'codex' | 'gemini';

export type Reply = { say: string } | { call: { tool: string; input: Record<string, unknown> } };

export type Script = (turn: Turn) => Reply | Promise<Reply>;

/** How one vendor's endpoint is asked and answers. */
export interface Dialect {
  /** Whether a request, `METHOD /path`, is one for a turn in this dialect. */
  asksTurn: (request: string) => boolean;
  read: (body: unknown) => Turn;
  write: (reply: Reply) => string;
}
