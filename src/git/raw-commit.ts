/**
 * A commit as git stores it: headers, an empty line, the message. Pure.
 *
 * A commit is moved by its bytes, so that author, date, message and trailers stay as they are,
 * whatever their encoding. A signature would not hold for the new commit and is left out.
 */

export interface CommitChange {
  tree: string;
  parent: string;
  /** `Name <email>`; the time stays that of the old commit. */
  committer: string;
}

const LEFT_OUT = /^(tree|parent|committer|gpgsig|gpgsig-sha256|mergetag) /;

export function moveCommit(raw: Uint8Array, change: CommitChange): Buffer {
  const bytes = Buffer.from(raw);
  const end = bytes.indexOf('\n\n');
  const headers = (end === -1 ? bytes : bytes.subarray(0, end)).toString('latin1');
  const message = end === -1 ? Buffer.alloc(0) : bytes.subarray(end + 2);
  // A header goes on in lines that start with a space.
  const fields = headers.split(/\n(?! )/);
  const find = (name: string): string => fields.find((field) => field.startsWith(name)) ?? '';
  const time = /\d+ [+-]\d+$/.exec(find('committer '))?.[0] ?? '0 +0000';
  const committer = Buffer.from(`committer ${change.committer} ${time}`).toString('latin1');
  const author = find('author ');
  const others = fields.filter((field) => !LEFT_OUT.test(field) && field !== author);
  const moved = [`tree ${change.tree}`, `parent ${change.parent}`, author, committer, ...others];
  return Buffer.concat([Buffer.from(`${moved.join('\n')}\n\n`, 'latin1'), message]);
}
