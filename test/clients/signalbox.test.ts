/**
 * A real client at a hub, after no more than `signalbox hooks install`: what the model is shown,
 * what its tools do, and what its hooks refuse, while bob works on the same files.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { findTool, toolName, writeFileCall } from './gestures.ts';
import { type Signalbox, startHub } from './hub.ts';
import { describeClient, setStage, type Stage } from './stage.ts';
import type { ClientName, Reply, Turn } from './turn.ts';

const Locks = z.looseObject({ items: z.array(z.looseObject({ agent: z.string() })) });

async function holders(signalbox: Signalbox): Promise<string[]> {
  const { items } = Locks.parse(JSON.parse(await signalbox('lock', 'list', '--json')));
  return items.map(({ agent }) => agent).toSorted();
}

/** What the model does turn by turn; bob acts between two of them. */
type Step = (turn: Turn) => Reply | Promise<Reply>;

async function setHouse(client: ClientName, steps: (house: House) => Step[]): Promise<House> {
  let rest: Step[] | undefined;
  const stage = await setStage(client, (turn) => {
    const step = (rest ??= steps(house)).shift();
    return step === undefined ? { say: 'That is all.' } : step(turn);
  });
  const signalbox = await startHub(stage.desk);
  const house: House = { ...stage, signalbox, file: (name) => join(stage.desk.project, name) };
  await signalbox('hooks', 'install', client, '--agent', 'ada');
  return house;
}

interface House extends Stage {
  signalbox: Signalbox;
  file: (name: string) => string;
}

for (const client of ['claude', 'codex', 'gemini'] satisfies ClientName[])
  describeClient(client, () => {
    test('locks over MCP, is kept from what bob holds, and reads what bob writes', async () => {
      const seen: { held?: string[]; acquired?: string[] } = {};
      const house = await setHouse(client, ({ signalbox, file }) => [
        () => findTool(client, 'signalbox', 'acquire_lock'),
        () => ({
          call: {
            tool: toolName(client, 'signalbox', 'acquire_lock'),
            input: { paths: ['free.txt'], reason: 'a new end' },
          },
        }),
        async () => {
          seen.acquired = await holders(signalbox);
          return writeFileCall(client, file('held.txt'), 'mine');
        },
        async () => {
          await signalbox('send', 'ada', 'The header is done at last.', '--as', 'bob');
          return { say: 'I stop here.' };
        },
        () => writeFileCall(client, file('free.txt'), 'mine'),
        async () => {
          seen.held = await holders(signalbox);
          return { say: 'I stop here too.' };
        },
      ]);
      const { signalbox, model, file } = house;
      await signalbox('send', 'ada', 'Leave the header to me.', '--as', 'bob', '--keep');
      await signalbox('lock', 'acquire', 'held.txt', '--as', 'bob', '--session', 'of-bob');

      const { exitCode, stderr } = await house.run('Write two files.');

      expect(model.troubles).toEqual([]);
      expect(exitCode, stderr).toBe(0);
      const [first, , locked, refused, mail, written] = model.turns;
      expect(first?.shown).toContain('You are "ada"');
      expect(first?.shown).toContain('Leave the header to me.');
      expect(locked?.results.at(-1)).toMatch(/Yours: free\.txt|"state":"granted"/);
      expect(seen.acquired).toEqual(['ada', 'bob']);
      expect(refused?.results.at(-1)).toContain('held.txt is held by bob');
      expect(existsSync(file('held.txt'))).toBe(false);
      expect(refused?.shown).not.toContain('The header is done at last.');
      expect(mail?.shown).toContain('The header is done at last.');
      // The lock that its tool took does not stand in the way of its hook: one holder.
      expect(written?.results.at(-1)).not.toContain('Not edited');
      expect(readFileSync(file('free.txt'), 'utf8').trim()).toBe('mine');
      expect(seen.held).toEqual(['ada', 'bob']);
      expect(await holders(signalbox), 'its end gives its locks back').toEqual(['bob']);
    });

    test('edits without a lock when the hub is gone, unless its hooks are strict', async () => {
      const { run, file } = await setHouse(client, ({ file: at }) => [
        () => writeFileCall(client, at('a.txt'), 'mine'),
        () => ({ say: 'One file.' }),
        () => writeFileCall(client, at('b.txt'), 'mine'),
      ]);
      const gone = { SIGNALBOX_URL: 'http://127.0.0.1:9' };
      const { exitCode, stderr } = await run('Write a file.', gone);
      expect(exitCode, stderr).toBe(0);
      expect(existsSync(file('a.txt'))).toBe(true);
      await run('Write another.', { ...gone, SIGNALBOX_HOOKS: 'strict' });
      expect(existsSync(file('b.txt'))).toBe(false);
    });
  });
