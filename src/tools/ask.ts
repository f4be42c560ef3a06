/** The one place where what a hub answers gets the type that its operation has. */
import type { OperationName, Output } from '../contract/index.ts';
import type { Ask } from './tool.ts';

export function askThrough(
  call: (operation: OperationName, input: unknown) => Promise<{ output: unknown }>,
): Ask {
  return async (operation, input) => {
    const { output } = await call(operation, input);
    if (isOutput(operation, output)) return output;
    throw new Error(`invariant broken: ${operation} answered nothing`);
  };
}

/** The hub parses every output before it gives it, so this is for the types alone. */
function isOutput<Name extends OperationName>(
  _name: Name,
  output: unknown,
): output is Output<Name> {
  return typeof output === 'object' && output !== null;
}
