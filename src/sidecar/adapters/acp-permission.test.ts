/** What an agent may do in its place of work, however it names the place. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PermissionOptionKind, ToolCallUpdate } from '@agentclientprotocol/sdk';
import { expect, onTestFinished, test } from 'vitest';
import { decide } from './acp-permission.ts';

const KINDS: PermissionOptionKind[] = ['allow_always', 'allow_once', 'reject_once'];

/** A place of work that is known by a link, with links in it that lead out of it. */
function place(): string {
  const top = mkdtempSync(join(tmpdir(), 'acp-permission-'));
  onTestFinished(() => rmSync(top, { recursive: true, force: true }));
  const folder = join(top, 'work');
  mkdirSync(join(top, 'real/src'), { recursive: true });
  mkdirSync(join(top, 'outside'));
  writeFileSync(join(top, 'outside/keys'), '');
  symlinkSync(join(top, 'real'), folder);
  symlinkSync(join(top, 'outside'), join(folder, 'out'));
  symlinkSync(join(top, 'outside/keys'), join(folder, 'keys'));
  symlinkSync(join(top, 'outside/new'), join(folder, 'dangling'));
  symlinkSync('src', join(folder, 'within'));
  return folder;
}

function outcome(folder: string, asked: Omit<ToolCallUpdate, 'toolCallId'>): string {
  const options = KINDS.map((kind) => ({ optionId: kind, name: kind, kind }));
  const toolCall = { toolCallId: 't', ...asked };
  const decided = decide({ sessionId: 's', toolCall, options }, folder);
  expect(decided.refused === null).toBe(decided.outcome.outcome === 'selected' && isYes(decided));
  return decided.outcome.outcome === 'selected' ? decided.outcome.optionId : 'cancelled';
}

const isYes = ({ outcome: made }: ReturnType<typeof decide>): boolean =>
  made.outcome === 'selected' && made.optionId === 'allow_once';

const at = (...paths: string[]): { path: string }[] => paths.map((path) => ({ path }));
const diff = (path: string) => [{ type: 'diff' as const, path, newText: 'x' }];

test('what changes files is allowed where each path that it names is in the place of work', () => {
  const folder = place();
  const inside = ['src/a.ts', 'new/deep/a.ts', '.', '..a', 'within/a.ts', join(folder, 'src/a.ts')];
  for (const kind of ['edit', 'move', 'delete'] as const) {
    for (const path of inside) {
      expect([path, outcome(folder, { kind, locations: at(path) })]).toEqual([path, 'allow_once']);
      expect(outcome(folder, { kind, content: diff(path) })).toBe('allow_once');
    }
  }
});

test('what leads out of the place of work is refused, by whichever field and whatever link', () => {
  const folder = place();
  const outside = [
    '/etc/passwd',
    '../x',
    'src/../../x',
    'out/../src/a',
    'out/new',
    'out',
    'keys',
    'dangling',
    'dangling/a',
    `${folder}-other/a`,
    'a\0b',
    'a/'.repeat(3_000),
  ];
  for (const kind of ['edit', 'move', 'delete', 'read'] as const) {
    for (const path of outside) {
      const shown = path.slice(0, 50);
      const locations = at('src/a.ts', path);
      expect([shown, outcome(folder, { kind, locations })]).toEqual([shown, 'reject_once']);
      const content = diff(path);
      expect(outcome(folder, { kind, locations: at('src'), content })).toBe('reject_once');
    }
  }
});

test('what changes files and names none is refused; what only reads need not name any', () => {
  const folder = place();
  for (const kind of ['edit', 'move', 'delete'] as const) {
    expect(outcome(folder, { kind })).toBe('reject_once');
    expect(outcome(folder, { kind, locations: [], content: [] })).toBe('reject_once');
    expect(outcome(folder, { kind, rawInput: { file_path: 'a' } })).toBe('reject_once');
  }
  for (const kind of ['read', 'search', 'think'] as const) {
    expect(outcome(folder, { kind })).toBe('allow_once');
  }
  for (const kind of ['execute', 'fetch', 'other', null] as const) {
    expect(outcome(folder, { kind, locations: at('src') })).toBe('reject_once');
  }
  const many = at(...Array.from({ length: 2_000 }, () => 'src'));
  expect(outcome(folder, { kind: 'edit', locations: many })).toBe('reject_once');
});
