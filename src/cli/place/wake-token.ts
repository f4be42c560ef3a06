/**
 * The token for the URL that wakes an agent. A service has no environment of a shell, and its file
 * can be read by others: what SIGNALBOX_WAKE_TOKEN says when the service is made is kept beside the
 * tokens of agents, for this user alone, and for that URL alone.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { nameKey } from '../../contract/index.ts';
import type { AgentPlan } from '../agent/plan.ts';
import { readIfThere } from './config.ts';
import { writeWhole } from './hub-word.ts';
import { dataFolder, type Env } from './places.ts';

interface Woken {
  env: Env;
  /** As `--name` has it. */
  name: string;
  plan: AgentPlan;
}

/** The plan with the token that was kept for it; one that is given now goes before it. */
export async function withKeptWakeToken({ env, name, plan }: Woken): Promise<AgentPlan> {
  if (plan.does !== 'wake' || plan.trigger.kind !== 'url') return plan;
  const { trigger } = plan;
  if (trigger.token !== undefined && trigger.token !== '') return plan;
  const kept = await readIfThere(wakeTokenFile(env, name, trigger.url));
  return { ...plan, trigger: { ...trigger, token: kept?.trim() } };
}

/** Answers where it is kept; undefined where none is given. */
export async function keepWakeToken({ env, name, plan }: Woken): Promise<string | undefined> {
  if (plan.does !== 'wake' || plan.trigger.kind !== 'url') return undefined;
  const { token, url } = plan.trigger;
  if (token === undefined || token === '') return undefined;
  const file = wakeTokenFile(env, name, url);
  await writeWhole(file, `${token}\n`);
  return file;
}

function wakeTokenFile(env: Env, name: string, url: string): string {
  const digest = createHash('sha256').update(url).digest('hex').slice(0, 12);
  return join(dataFolder(env), 'tokens', `wake-${nameKey(name)}-${digest}.token`);
}
