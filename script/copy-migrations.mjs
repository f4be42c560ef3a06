// The compiler leaves out what is not TypeScript: this puts the migrations beside their reader in
// dist.
import { cpSync, rmSync } from 'node:fs';

const from = new URL('../src/store/migrations/', import.meta.url);
const to = new URL('../dist/store/migrations/', import.meta.url);
rmSync(to, { recursive: true, force: true });
cpSync(from, to, { recursive: true });
