/** A repository in a few lines, as `git fast-import` reads it. */
import type { Identity } from '../../git/run.ts';

export interface SampleOptions {
  branch: string;
  atMs: number;
  by: Identity;
}

const FILES: Readonly<Record<string, string>> = {
  'README.md': '# A small station\n\nTrains leave from here; `sh src/greet.sh` says so.\n',
  'src/greet.sh': 'echo "Welcome to ${1:-this station}."\n',
};

export function sampleStream({ branch, atMs, by }: SampleOptions): string {
  const seconds = Math.floor(atMs / 1_000);
  const files = Object.entries(FILES).map(([path, text]) => {
    return `M 100644 inline ${path}\n${data(text)}`;
  });
  const who = `committer ${by.name} <${by.email}> ${seconds} +0000\n`;
  const head = `commit refs/heads/${branch}\n${who}`;
  return `${head}${data('Open the station\n')}${files.join('')}\n`;
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}
