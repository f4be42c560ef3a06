/**
 * While a program is loaded nearly everything that is made stays, and V8 answers with a larger
 * space for young objects, which it keeps: some 8 MiB that an idle hub never needs. So that space
 * may not grow before the hub answers; with the first load it does.
 */
import { setFlagsFromString } from 'node:v8';

export function keepYoungMemorySmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

export function letYoungMemoryGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
}
