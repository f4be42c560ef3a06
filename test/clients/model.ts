/**
 * A model that says what a test has written for it, for the real programs of agents.
 *
 * One server on loopback speaks what the three programs ask their vendors for: Anthropic's
 * messages, OpenAI's responses and Gemini's contents. A turn is what the model was shown, whatever
 * the dialect; the script answers it with words or with the call of a tool. A request without
 * tools is a chore of the program, such as the making of a title: it gets a plain answer that the
 * script does not see.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { claude } from './model-claude.ts';
import { codex } from './model-codex.ts';
import { gemini } from './model-gemini.ts';
import type { Dialect, Reply, Script, Turn } from './turn.ts';

export interface Model {
  url: string;
  turns: Turn[];
  /** What the script threw. */
  troubles: unknown[];
  close: () => Promise<void>;
}

const DIALECTS: Dialect[] = [claude, codex, gemini];

export async function startModel(script: Script): Promise<Model> {
  const turns: Turn[] = [];
  const troubles: unknown[] = [];
  const reply = async (turn: Turn): Promise<Reply> => {
    if (turn.tools.length === 0) return { say: 'Done.' };
    turns.push(turn);
    try {
      return await script(turn);
    } catch (error) {
      troubles.push(error);
      throw error;
    }
  };
  const server = createServer((request, response) => {
    answer(request, reply).then(
      (events) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(events),
      // What is not known here, such as a look at the address, is nothing that a client needs.
      () => response.writeHead(404, { 'content-type': 'application/json' }).end('{}'),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, turns, troubles, close };
}

async function answer(request: IncomingMessage, reply: Script): Promise<string> {
  const asked = `${request.method} ${request.url}`;
  const body = await text(request);
  const dialect = DIALECTS.find((one) => one.asksTurn(asked));
  if (dialect === undefined) throw new Error(`nothing answers ${asked}`);
  const turn = dialect.read(JSON.parse(body));
  return dialect.write(await reply(turn));
}
