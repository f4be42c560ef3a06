/**
 * An answer that its caller will write to a disk, held to the contract: names in it become paths,
 * and a hub is somebody else. A newer hub may say more than this client knows; that is let through,
 * and nobody looks at it.
 */
import { type Operation, SignalboxError } from '../contract/index.ts';

export function parseOutput({ name, output: schema }: Operation, output: unknown): unknown {
  const { success, data, error } = schema.safeParse(output);
  if (success) return data;
  const flaw = error.issues.find(({ code }) => code !== 'unrecognized_keys');
  if (flaw === undefined) return output;
  const where = flaw.path.length === 0 ? '' : ` (${flaw.path.join('.')})`;
  throw new SignalboxError(
    'internal',
    `The answer to ${name} is not one of a Signalbox hub${where}.`,
    {
      hint: 'Check that the address is that of a hub, and that hub and client are of one version.',
      cause: error,
    },
  );
}
