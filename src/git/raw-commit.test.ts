import { expect, test } from 'vitest';
import { moveCommit } from './raw-commit.ts';

const CHANGE = { tree: 't2', parent: 'p2', committer: 'Bób <b@x>' };

test('author, times, encoding and message are kept to the byte; a signature is not', () => {
  const old = Buffer.concat([
    Buffer.from('tree t1\nparent p1\nauthor J'),
    Buffer.from([0xf6]),
    Buffer.from('rg <j@x> 111 +0100\ncommitter C <c@x> 222 -0330\nencoding ISO-8859-1\n'),
    Buffer.from('gpgsig -----BEGIN\n line\n\n -----END\nx-more yes\n\n'.replace('\n\n ', '\n \n ')),
    Buffer.from([0xe4]),
    Buffer.from(' message\n\n\nTask: t\n'),
  ]);
  const expected = Buffer.concat([
    Buffer.from('tree t2\nparent p2\nauthor J'),
    Buffer.from([0xf6]),
    Buffer.from('rg <j@x> 111 +0100\ncommitter Bób <b@x> 222 -0330\nencoding ISO-8859-1\n'),
    Buffer.from('x-more yes\n\n'),
    Buffer.from([0xe4]),
    Buffer.from(' message\n\n\nTask: t\n'),
  ]);
  expect(moveCommit(old, CHANGE).equals(expected)).toBe(true);
});

test('a commit without a message or of several parents is moved too', () => {
  const old = 'tree t1\nparent p1\nparent q1\nauthor A <a> 1 +0000\ncommitter C <c> 2 +0000\n\n';
  const expected = 'tree t2\nparent p2\nauthor A <a> 1 +0000\ncommitter Bób <b@x> 2 +0000\n\n';
  expect(moveCommit(Buffer.from(old), CHANGE).toString()).toBe(expected);
});
