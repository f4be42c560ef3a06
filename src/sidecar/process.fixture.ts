/** For tests: a sidecar in a process of its own, which can be killed. */
import { runSidecar, type SidecarOptions } from './index.ts';

const options: SidecarOptions = JSON.parse(process.argv[2] ?? '');
const drain = new AbortController();
process.on('message', () => drain.abort());
await runSidecar(options, { say: (event) => process.send?.(event), drain: drain.signal });
process.disconnect();
