import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { operations } from '../src/contract/index.ts';
import { fields } from '../script/protocol-words.ts';
import { protocolFile, withReference } from '../script/write-protocol.ts';

const text = readFileSync(protocolFile, 'utf8');

test('the reference in docs/protocol.md is that of the contract', () => {
  expect(text, 'run node script/write-protocol.ts').toBe(withReference(text));
});

test('every operation stands in the reference with its refusals', () => {
  for (const { name, errors } of Object.values(operations)) {
    const [, part = ''] = text.split(`### \`${name}\`\n`);
    const [own = ''] = part.split('\n### ');
    for (const code of ['unauthenticated', ...errors]) expect(own).toContain(`\`${code}\``);
  }
});

test('every word about a field stands at a field that there is', () => {
  for (const words of Object.values(fields))
    expect(text).toMatch(new RegExp(`; ${RegExp.escape(words)} +[|]`));
});
