/** Any operation by its name, with JSON in and JSON out. */
import { operations, SignalboxError } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { harmlessJson } from '../terminal/harmless.ts';
import { table } from '../terminal/layout.ts';

export async function call(context: Context): Promise<void> {
  const { args, options, output } = context;
  const [operation, json] = args;
  if (options.has('list')) return list(context);
  if (operation === undefined) {
    throw new SignalboxError('invalid_input', 'It is not said which operation to call.', {
      hint: '`signalbox call --list` shows those there are.',
    });
  }
  const input = parse(json === '-' ? await context.readStdin() : (json ?? '{}'));
  const hub = await context.hub();
  const reply = await hub.call(operation, input, { key: options.text('key') });
  if (reply.isDeduplicated)
    output.note('This is the first answer to that key, given again.', 'note');
  output.give(reply.output, () => [harmlessJson(JSON.stringify(reply.output, null, 2))]);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new SignalboxError('invalid_input', `The input is not JSON: ${problem}`, {
      hint: `Quote it for the shell: signalbox call task.submit '{"title":"Say hello"}'`,
    });
  }
}

function list({ output }: Context): void {
  const all = Object.values(operations).map(({ name, kind, scope, summary }) => ({
    name,
    kind,
    scope,
    summary,
  }));
  const columns = (['name', 'kind', 'scope', 'summary'] as const).map((field) => ({
    title: field.toUpperCase(),
    text: (row: (typeof all)[number]) => row[field],
  }));
  output.give(all, () => table(output, columns, all));
}
