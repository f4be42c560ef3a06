/** What the hub is called and which version it is. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const Manifest = z.object({ version: z.string() });

/** The version of the package; src/ and dist/ lie beside its manifest alike. */
export function packageVersion(): string {
  const manifest = new URL('../../package.json', import.meta.url);
  return Manifest.parse(JSON.parse(readFileSync(manifest, 'utf8'))).version;
}
