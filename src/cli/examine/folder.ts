/** Can a hub keep its data where it is to lie? */
import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from '../place/config.ts';
import { bytesInWords } from '../words/time.ts';
import { fail, messageOf, ok, warn, type Finding } from './finding.ts';

/** The numbers by which Linux names file systems whose locks cannot be trusted across machines. */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x517b, 'SMB'],
  [0x01021997, '9p'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x47504653, 'GPFS'],
]);
/** A file system of a program: it may be one over the network (sshfs). */
const FUSE = 0x65735546;
const SPACE_LOW = 1024 ** 3;
const SPACE_OUT = 100 * 1024 ** 2;

export async function examineFolder(folder: string): Promise<Finding[]> {
  try {
    const place = await existing(folder);
    const { type, bavail, bsize } = await statfs(place);
    const findings = [await judgeAccess(folder, place), judgeKind(folder, type)];
    return [...findings, judgeSpace(place, bavail * bsize), ...(await judgeSecrets(folder))];
  } catch (error) {
    return [fail('data folder', messageOf(error), 'Name another folder with --data.')];
  }
}

/** The folder, or the nearest one above it that is there already. */
async function existing(folder: string): Promise<string> {
  const found = await stat(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (found?.isDirectory() === false) throw new Error(`${folder} is not a folder`);
  return found === undefined && dirname(folder) !== folder ? existing(dirname(folder)) : folder;
}

async function judgeAccess(folder: string, place: string): Promise<Finding> {
  try {
    await access(place, constants.W_OK | constants.X_OK);
    return ok('data folder', folder === place ? folder : `${folder}, made at the first start`);
  } catch (error) {
    const hint = `Let this user write there, or name another folder with --data.`;
    return fail('data folder', messageOf(error), hint);
  }
}

export function judgeKind(folder: string, type: number): Finding {
  const network = NETWORK.get(type >>> 0);
  const hint = 'Put the data folder on a disk of this machine (--data), or use --database-url.';
  if (network !== undefined) {
    const message = `${folder} lies on ${network}, where a database can be damaged`;
    return fail('file system', message, hint);
  }
  if (type !== FUSE) return ok('file system', 'a disk of this machine');
  return warn('file system', `${folder} lies on FUSE: is there a network behind it?`, hint);
}

export function judgeSpace(place: string, bytesFree: number): Finding {
  const message = `${bytesInWords(bytesFree)} free at ${place}`;
  const hint = 'Free some space: a hub whose disk is full refuses all that writes.';
  if (bytesFree < SPACE_OUT) return fail('disk space', message, hint);
  return bytesFree < SPACE_LOW ? warn('disk space', message, hint) : ok('disk space', message);
}

/** The admin token is for its owner alone. */
async function judgeSecrets(folder: string): Promise<Finding[]> {
  const path = join(folder, 'admin.token');
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return [];
  if ((found.mode & 0o077) === 0) return [ok('admin token', 'only its owner can read it')];
  return [fail('admin token', `others can read ${path}`, `chmod 600 ${path}`)];
}
