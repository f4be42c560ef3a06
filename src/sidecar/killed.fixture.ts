/**
 * For tests: a sidecar in a process of its own that kills itself at the n-th point where anything
 * outside it changes or is read: a file, a process, a word with the hub. It speaks with its hub
 * through the channel to its parent.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { z } from 'zod';
import type { Reader, Transport } from '../client/index.ts';
import { ErrorBody, SignalboxError } from '../contract/index.ts';
import type { SidecarOptions } from './index.ts';

const Setting = z.object({ point: z.int(), options: z.custom<SidecarOptions>() });
const setting = Setting.parse(JSON.parse(process.argv[2] ?? ''));

let pointsLeft = setting.point;
function point(): void {
  if (--pointsLeft === 0) process.kill(process.pid, 'SIGKILL');
}

function killAround(module: object, name: string): void {
  const original: unknown = Reflect.get(module, name);
  if (typeof original !== 'function') throw new Error(`no ${name}`);
  Reflect.set(module, name, (...args: unknown[]): unknown => {
    point();
    const result: unknown = Reflect.apply(original, module, args);
    if (result instanceof Promise) return result.finally(point);
    point();
    return result;
  });
}

for (const name of ['open', 'rename', 'rm', 'mkdir', 'writeFile', 'link']) killAround(fs, name);
killAround(childProcess, 'spawn');
syncBuiltinESMExports();

const Message = z.object({
  id: z.int().optional(),
  output: z.unknown().optional(),
  error: ErrorBody.optional(),
  event: z.custom<Parameters<Reader['onEvent']>[0]>().optional(),
  drain: z.literal(true).optional(),
});
const calls = new Map<number, PromiseWithResolvers<{ output: unknown; isDeduplicated: boolean }>>();
let reader: Reader | undefined;
const drain = new AbortController();
process.on('message', (message) => {
  const { id = 0, output, error, event, drain: isDrained } = Message.parse(message);
  if (isDrained) drain.abort();
  if (event !== undefined) reader?.onEvent(event);
  const call = calls.get(id);
  calls.delete(id);
  point();
  if (error === undefined) call?.resolve({ output, isDeduplicated: false });
  else call?.reject(SignalboxError.fromBody(error));
});

const transport: Transport = {
  call({ operation, input, key }) {
    const id = calls.size + 1 + Math.floor(performance.now() * 1_000);
    const call = Promise.withResolvers<{ output: unknown; isDeduplicated: boolean }>();
    calls.set(id, call);
    point();
    process.send?.({ id, operation, input, key });
    point();
    return call.promise;
  },
  upload: () => Promise.reject(new Error('no streams here')),
  download: () => Promise.reject(new Error('no streams here')),
  subscribe(given) {
    reader = given;
    return { close: () => {} };
  },
  close: () => {},
  onState(listener) {
    listener('connected', undefined);
    return () => {};
  },
};

const { runSidecar } = await import('./index.ts');
await runSidecar(setting.options, {
  say: (event) => process.send?.({ event }),
  drain: drain.signal,
  transport: () => transport,
});
process.send?.({ pointsLeft });
process.disconnect();
