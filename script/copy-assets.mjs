// The compiler leaves out what is not TypeScript: this puts the migrations and the page of the API
// beside their readers in dist.
import { cpSync, rmSync } from 'node:fs';

for (const folder of ['store/migrations/', 'doors/docs/']) {
  const from = new URL(`../src/${folder}`, import.meta.url);
  const to = new URL(`../dist/${folder}`, import.meta.url);
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
}
