/**
 * Who runs the checks. A check is code that an agent wrote, so a verifier that is root hands it to
 * a user that owns nothing; one that is an ordinary user has nobody else to hand it to.
 */
import { readFile } from 'node:fs/promises';

export interface CheckUser {
  name: string;
  uid: number;
  gid: number;
}

const NOBODY: CheckUser = { name: 'nobody', uid: 65_534, gid: 65_534 };

/** Null: the checks run as the verifier's own user. */
export async function checkUser(): Promise<CheckUser | null> {
  if (process.getuid?.() !== 0) return null;
  const user = userIn(await readFile('/etc/passwd', 'utf8').catch(() => ''));
  // The root of a container that knows one user only is an ordinary user outside of it.
  const map = await readFile('/proc/self/uid_map', 'utf8').catch(() => '');
  return isMapped(map, user.uid) ? user : null;
}

/** `nobody` as the machine has it; a number alone serves where it has none. */
export function userIn(passwd: string): CheckUser {
  for (const line of passwd.split('\n')) {
    const [name, , uid = '', gid = ''] = line.split(':');
    if (name === 'nobody' && Number(uid) > 0 && Number(gid) > 0) {
      return { name, uid: Number(uid), gid: Number(gid) };
    }
  }
  return NOBODY;
}

/** A line of the map is: first id inside, first id outside, how many. */
export function isMapped(map: string, uid: number): boolean {
  const ranges = map.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const isKnown = ranges.some(([first = 0, , count = 0]) => uid >= first && uid < first + count);
  return map.trim() === '' || isKnown;
}
