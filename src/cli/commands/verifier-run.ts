/** The verifier in the foreground, until Ctrl-C. */
import { resolve } from 'node:path';
import { connect } from '../../client/index.ts';
import { runVerifier as verify } from '../../verifier/index.ts';
import type { Context } from '../context.ts';
import { tokenFor } from '../place/identity.ts';
import { untilStopped } from '../terminal/interruption.ts';
import { journal } from '../terminal/journal.ts';
import { makeFolder } from '../place/make-folder.ts';
import { dataFolder } from '../place/places.ts';
import { verifierColour, verifierWords } from '../words/verifier.ts';

const NAME = 'verifier';

export async function runVerifier(context: Context): Promise<void> {
  const { options, output, env, cwd, clock } = context;
  const chosen = options.text('name');
  const name = chosen ?? NAME;
  const dataDir = resolve(cwd, options.text('data') ?? `${dataFolder(env)}/verifier`);
  await makeFolder(dataDir);
  const { url } = await context.place();
  const token = await tokenFor(context, { name, role: 'verifier', isNamed: chosen !== undefined });
  const stop = untilStopped(context.interruption());
  const client = connect({ url, token, agent: name });
  const log = journal({ output, clock, words: verifierWords, colour: verifierColour });
  try {
    await verify({ dataDir }, { client, clock, log, env, stop: stop.signal });
  } finally {
    stop.close();
    client.close();
  }
}
