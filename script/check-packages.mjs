/**
 * Says whether the packages under a folder are those of its lock file, and prints the ones that are
 * not. npm takes an optional package that did not arrive for one that this machine does not need;
 * here the node, the compiler and the linter are such packages, so their absence must be seen.
 *
 * Usage: node check-packages.mjs FOLDER. It runs on whatever Node is there, also on an old one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? '.';
const packagesOf = (file) => JSON.parse(readFileSync(join(folder, file), 'utf8')).packages;
const wanted = packagesOf('package-lock.json');
const present = packagesOf('node_modules/.package-lock.json');

const libc = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
const allows = (names, name) => names === undefined || names.includes(name);

function isForThisMachine({ os, cpu, libc: libcs }) {
  if (os === undefined && cpu === undefined) return false;
  return allows(os, process.platform) && allows(cpu, process.arch) && allows(libcs, libc);
}

function isRight(path) {
  if (path in present) return present[path].integrity === wanted[path].integrity;
  return path === '' || (wanted[path].optional === true && !isForThisMachine(wanted[path]));
}

const wrong = Object.keys(wanted).filter((path) => !isRight(path));
if (wrong.length > 0) {
  console.error(`These packages are missing or not those of the lock file: ${wrong.join(' ')}`);
  process.exitCode = 1;
}
