/**
 * For tests: a bridge in a process of its own that kills itself at the n-th point where anything
 * outside it changes or is read: a file, a folder, a word with the hub.
 */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { z } from 'zod';
import type { BridgeOptions } from './index.ts';

const Setting = z.object({
  point: z.int(),
  url: z.string(),
  options: z.custom<BridgeOptions>(),
});
const { point: last, url, options } = Setting.parse(JSON.parse(process.argv[2] ?? ''));

let pointsLeft = last;
function point(): void {
  if (--pointsLeft === 0) process.kill(process.pid, 'SIGKILL');
}

function killAround(module: object, name: string): void {
  const original: unknown = Reflect.get(module, name);
  if (typeof original !== 'function') throw new Error(`no ${name}`);
  Reflect.set(module, name, (...args: unknown[]): unknown => {
    point();
    const result: unknown = Reflect.apply(original, module, args);
    return result instanceof Promise ? result.finally(point) : result;
  });
}

for (const name of ['open', 'rename', 'rm', 'mkdir', 'link', 'readdir', 'lstat']) {
  killAround(fs, name);
}
syncBuiltinESMExports();
killAround(globalThis, 'fetch');

const { connect } = await import('../client/index.ts');
const { runBridge } = await import('./index.ts');
const stop = new AbortController();
process.on('message', () => stop.abort());
await runBridge(options, {
  connect: async (agent) => connect({ url, agent, transport: 'http' }),
  say: (event) => process.send?.(event),
  stop: stop.signal,
});
process.send?.({ pointsLeft });
process.disconnect();
