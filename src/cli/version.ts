/**
 * The version of the package. It is read before a command is chosen, so nothing is loaded for it.
 */
import { readFileSync } from 'node:fs';

/** src/ and dist/ lie beside the manifest alike. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const manifest: unknown = JSON.parse(text);
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  if (isManifest && typeof manifest.version === 'string') return manifest.version;
  throw new Error('package.json names no version');
}
