/**
 * `agent run` as a service of the machine. Its file holds no token: the service finds the hub and
 * its token as the command line does, in files that only this user can read.
 */
import { extname, join } from 'node:path';
import { homedir } from 'node:os';
import { SignalboxError } from '../../contract/index.ts';
import { agentPlan } from '../agent/plan.ts';
import { agentNames } from './agent-run.ts';
import type { Context } from '../context.ts';
import { tokenFor } from '../place/identity.ts';
import { keepWakeToken } from '../place/wake-token.ts';
import { configFile, dataFolder, type Env } from '../place/places.ts';
import { servicesHere } from '../daemon/here.ts';
import type { Service } from '../daemon/daemon.ts';
import type { OptionEntry } from '../table/entry.ts';

const MAIN = join(import.meta.dirname, `../main${extname(import.meta.filename)}`);
/** What a service needs of the environment in which it was installed. */
const KEPT = ['HOME', 'PATH', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_DATA_HOME'];

/** `agentOptions`: those of `agent run`, which the service is given as they are here. */
export async function installAgent(
  context: Context,
  agentOptions: readonly OptionEntry[],
): Promise<void> {
  const { options, output } = context;
  const names = agentNames(context);
  // What `agent run` would refuse is refused now.
  const plan = agentPlan(context);
  const service = serviceOf(context, agentOptions);
  const services = servicesHere(context, options.has('system'));
  const { file, text } = services.draft(service);
  if (options.has('print')) {
    output.give({ file, text }, () => text.trimEnd().split('\n'));
    return;
  }
  refuseToken(context);
  for (const name of names) await tokenFor(context, { name, role: 'agent', isNamed: true });
  const kept = await keepWakeToken({ env: context.env, name: service.name, plan });
  await services.install(service);
  output.give({ file, text }, () => [
    ...text.trimEnd().split('\n'),
    '',
    `${file} is written, and the service runs.`,
    ...(kept === undefined ? [] : [`The token that wakes it is kept in ${kept}, for you alone.`]),
    `What it says: ${services.readLog(service.name)}`,
    ...lingering(context),
  ]);
}

function serviceOf(context: Context, agentOptions: readonly OptionEntry[]): Service {
  const { options, env, cwd, args } = context;
  const name = options.text('name') ?? '';
  const urls = [options.text('url'), env['SIGNALBOX_URL'], env['BROKER_URL']];
  const url = urls.find((one) => one !== undefined && one !== '');
  const command = [
    process.execPath,
    ...process.execArgv,
    MAIN,
    'agent',
    'run',
    ...agentOptions.flatMap((option) => optionWords(context, option)),
    ...(process.platform === 'darwin' && options.text('log') === undefined
      ? [`--log=${join(dataFolder(env), 'agents', `${name}.log`)}`]
      : []),
    ...(url === undefined ? [] : [`--url=${url}`]),
    '--',
    ...args,
  ];
  return { name, command, folder: cwd, environment: keptOf(env) };
}

/** `--repo=URL`: with the equals sign a value that begins with a dash stays one. */
function optionWords({ options }: Context, { flags, isMany }: OptionEntry): string[] {
  const [flag = '', value] = flags.split(' ');
  const key = flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  if (value === undefined) return options.has(key) ? [flag] : [];
  const given = isMany === true ? options.list(key) : [options.text(key)];
  return given.flatMap((text) => (text === undefined ? [] : [`${flag}=${text}`]));
}

function keptOf(env: Env): Record<string, string> {
  const kept = Object.fromEntries(
    KEPT.flatMap((name) => {
      const value = env[name] ?? '';
      return value === '' ? [] : [[name, value]];
    }),
  );
  return { HOME: homedir(), ...kept };
}

function refuseToken({ options, env }: Context): void {
  const given = options.text('token') ?? env['SIGNALBOX_TOKEN'] ?? '';
  if (given === '') return;
  throw new SignalboxError('invalid_input', 'A service is given no token on its command line.', {
    hint: `Write it down as \`token: sbx_…\` in ${configFile(env)}, and leave it out here.`,
  });
}

/** A service of a user ends with the last session of that user, unless it is told otherwise. */
function lingering({ options }: Context): string[] {
  if (process.platform !== 'linux' || options.has('system')) return [];
  return ['So that it also runs while you are not logged in: loginctl enable-linger'];
}
