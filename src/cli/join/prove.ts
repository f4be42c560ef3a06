/** All that a join is proved by, one step after the other. */
import { entryStatus } from '../../hooks/index.ts';
import { wantedFor } from '../commands/hooks.ts';
import { counted } from '../words/time.ts';
import { take, type Join } from './checklist.ts';
import type { Kind } from './kinds.ts';
import {
  type Proved,
  proveHook,
  proveIdentity,
  proveMail,
  proveMcp,
  proveSidecar,
} from './proofs.ts';

export async function prove(given: Join, kinds: readonly Kind[], name: string): Promise<void> {
  const { context, url, stop } = given;
  const proved: Proved = { context, url, name, stop };
  const { hub, who } = await proveIdentity(proved);
  try {
    await take(given, ['whoami', 'asking who we are'], async () => {
      return `the hub knows us as ${who.name}, ${who.role}`;
    });
    const may = new Set<string>(who.scopes);
    if (may.has('submit')) {
      await take(given, ['message', 'sending a message to ourselves'], async () => {
        return `${await proveMail(hub, proved)} went to our own mailbox and arrived`;
      });
    }
    await take(given, ['mcp', 'asking the MCP server'], async () => {
      return `\`signalbox mcp\` answers with ${counted(await proveMcp(proved), 'tool')}`;
    });
    if (kinds.length > 0) await proveEntry(given, proved, kinds);
    if (may.has('work')) {
      await take(given, ['sidecar', 'letting a sidecar beat'], () => proveSidecar(hub, proved));
    }
  } finally {
    hub.close();
  }
}

async function proveEntry(given: Join, proved: Proved, kinds: readonly Kind[]): Promise<void> {
  const { path: main } = await entryStatus(wantedFor(given.context, proved.name));
  for (const kind of kinds) {
    await take(given, [`hook ${kind}`, `running the hook of ${kind}`], async () => {
      await proveHook(kind, proved, { main });
      return `the hook of ${kind} tells a session that it is ${proved.name}`;
    });
  }
}
