/** The table of commands as a commander program. Nothing here knows what a command does. */
import { Command, CommanderError, Option } from 'commander';
import { commands, nouns } from './table.ts';
import type { CommandEntry, OptionEntry } from './table/entry.ts';

export type Chosen = (
  entry: CommandEntry,
  args: readonly string[],
  values: Readonly<Record<string, unknown>>,
) => Promise<void>;

export interface ProgramOptions {
  version: string;
  chosen: Chosen;
}

export { CommanderError };

export function createProgram({ version, chosen }: ProgramOptions): Command {
  const program = new Command('signalbox');
  program
    .description('The coordination hub for AI coding agents.')
    .version(version, '-V, --version', 'print the version')
    .option('--url <url>', 'the hub (SIGNALBOX_URL; else found by itself)')
    .option('--token <token>', 'who you are (SIGNALBOX_TOKEN is safer: others cannot see it)')
    .option('--json', 'print the output of the operation as JSON')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    // A noun that is a command too, as `invite`, has options that are not those of its verbs.
    .configureHelp({
      showGlobalOptions: true,
      visibleGlobalOptions: (command) => (command.parent === null ? [] : [...program.options]),
    })
    // Errors are worded by whoever runs the program, in one way for all.
    .configureOutput({ outputError: () => {} })
    .exitOverride();
  for (const entry of commands) add(program, entry, chosen);
  addHelp(program);
  return program;
}

function addHelp(program: Command): void {
  const help = program.command('help').argument('[command...]').helpGroup('Look:');
  help.description('Print the help of a command.').action((words: string[]) => {
    let command = program;
    const names = [program.name()];
    for (const word of words) {
      const next = command.commands.find((one) => one.name() === word);
      const see = `(\`${names.join(' ')} --help\` shows what there is.)`;
      if (next === undefined) program.error(`error: there is no command '${word}'\n${see}`);
      command = next;
      names.push(word);
    }
    command.help();
  });
}

function add(program: Command, entry: CommandEntry, chosen: Chosen): void {
  const [noun = '', verb] = entry.name.split(' ');
  const parent = verb === undefined ? program : nounCommand(program, noun, entry);
  const command = parent.command(verb ?? noun).description(entry.summary);
  if (verb === undefined) command.helpGroup(`${entry.group}:`);
  if (entry.args !== undefined) command.arguments(entry.args);
  for (const option of entry.options ?? []) command.addOption(optionOf(option));
  if (entry.example !== undefined) command.addHelpText('after', `\nExample:\n  ${entry.example}`);
  command.action(async () => {
    const args = command.processedArgs.flat().filter((arg) => typeof arg === 'string');
    await chosen(entry, args, command.optsWithGlobals());
  });
}

function nounCommand(program: Command, noun: string, { group }: CommandEntry): Command {
  const known = program.commands.find((command) => command.name() === noun);
  if (known !== undefined) return known;
  const made = program.command(noun).description(nouns[noun] ?? '');
  return made.helpGroup(`${group}:`).helpCommand(false);
}

/** What to type instead, as far as it can be told from what was typed. */
export function usageHint(program: Command, argv: readonly string[]): string {
  const { names, rest } = meant(program, argv);
  const verbs = names.length > 1 ? [] : commands.filter(({ name }) => name.endsWith(` ${rest[0]}`));
  if (verbs.length > 0) {
    return `Did you mean ${verbs.map(({ name }) => `\`signalbox ${name}\``).join(', ')}?`;
  }
  const words = names.join(' ');
  if (words === 'signalbox agent run' && !argv.includes('--')) {
    return 'Its command stands behind `--`: signalbox agent run --name ada -- COMMAND …';
  }
  const { args = '', example } = commands.find(({ name }) => `signalbox ${name}` === words) ?? {};
  if (args.includes('<cron>') && rest.length > args.split(' ').length) {
    return `A cron expression is one word, in quotes: ${example}`;
  }
  return `\`${words} --help\` shows what there is.`;
}

/** The command that was meant, and the words that are not of its name. */
function meant(program: Command, argv: readonly string[]): { names: string[]; rest: string[] } {
  let command = program;
  const names = [program.name()];
  const rest: string[] = [];
  for (const word of argv) {
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined && !word.startsWith('-')) rest.push(word);
    if (next === undefined) continue;
    command = next;
    names.push(word);
  }
  return { names, rest };
}

function optionOf({ flags, summary, isMany, isRequired, fallback }: OptionEntry): Option {
  const option = new Option(flags, isMany === true ? `${summary} (may be given again)` : summary);
  if (fallback !== undefined) option.default(fallback);
  if (isRequired === true) option.makeOptionMandatory();
  if (isMany === true) option.argParser(collect);
  return option;
}

function collect(value: string, earlier: unknown): unknown[] {
  const before: unknown[] = Array.isArray(earlier) ? earlier : [];
  return [...before, value];
}
