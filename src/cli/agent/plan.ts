/** What `agent run` is told to do with a task: run a command, speak to a CLI, or wake somebody. */
import { SignalboxError } from '../../contract/errors.ts';
import { adapterKinds, commandOf, type AdapterKind } from '../../sidecar/adapters/choose.ts';
import type { Trigger } from '../../sidecar/wake.ts';
import type { Context } from '../context.ts';

export type AgentPlan =
  | (Common & { does: 'run'; kind: AdapterKind; command: string[] })
  | (Common & { does: 'wake'; trigger: Trigger });

interface Common {
  capabilities: string[];
  /** What is done with a task, where the person has not typed just that. */
  shown: string | null;
}

/** Where OpenClaw takes such calls, unless it is told otherwise. */
const OPENCLAW_URL = 'http://127.0.0.1:18789/hooks/wake';

export function agentPlan({
  options,
  args,
  env,
}: Pick<Context, 'options' | 'args' | 'env'>): AgentPlan {
  const cli = options.choice('cli', [...adapterKinds, 'openclaw'] as const) ?? 'command';
  const capabilities = cli === 'command' ? [] : [`cli:${cli}`];
  const url = options.text('wakeUrl') ?? (cli === 'openclaw' ? OPENCLAW_URL : undefined);
  if (url !== undefined || options.has('wakeCommand')) {
    const trigger = triggerOf({ url, args, env, isOpenClaw: cli === 'openclaw' });
    if (cli !== 'openclaw' && cli !== 'command') {
      throw misfit('--cli runs the CLI here, and a wake is for an agent elsewhere.');
    }
    const shown = trigger.kind === 'url' ? `wakes ${trigger.url}` : `wakes with: ${line(args)}`;
    return { does: 'wake', trigger, capabilities, shown };
  }
  if (cli === 'openclaw') throw misfit('OpenClaw is woken by its URL.');
  const command = [...args];
  const whole = commandOf(cli, command);
  if (whole.length === 0 && cli === 'acp') throw withoutAcp();
  if (whole.length === 0) throw misfit('There is no command to run.');
  const shown = cli === 'command' ? null : `runs for each task: ${line(whole)}`;
  return { does: 'run', kind: cli, command, capabilities, shown };
}

interface TriggerParts {
  url: string | undefined;
  args: readonly string[];
  env: Context['env'];
  isOpenClaw: boolean;
}

function triggerOf({ url, args, env, isOpenClaw }: TriggerParts): Trigger {
  if (url === undefined) {
    if (args.length === 0) throw misfit('There is no command to wake the agent with.');
    return { kind: 'command', command: args, env };
  }
  if (args.length > 0) throw misfit('A command and a URL to wake the agent are one too many.');
  const token = env['SIGNALBOX_WAKE_TOKEN'];
  return { kind: 'url', url, token, form: isOpenClaw ? 'openclaw' : 'signalbox' };
}

function misfit(message: string): SignalboxError {
  return new SignalboxError('invalid_input', message, {
    hint:
      'Give -- COMMAND…, or --cli KIND [-- ARGUMENT…], or --wake-url URL, or --wake-command -- ' +
      'COMMAND…',
  });
}

/** The protocol is spoken by many agents: which one is for the person to say. */
function withoutAcp(): SignalboxError {
  return new SignalboxError('invalid_input', 'It is not said which ACP agent to run.', {
    hint: 'Its command stands behind `--`: … --name ada --cli acp -- gemini --acp',
  });
}

/** As a shell would take it. */
function line(command: readonly string[]): string {
  return command
    .map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
