import { expect, test } from 'vitest';
import { systemClock } from '../core/clock.ts';
import { newTask } from './fixture.ts';
import { createWake } from './wake.ts';

test('a URL that nobody answers is named, with the reason', async () => {
  const url = 'http://127.0.0.1:1/hooks/wake?secret=x';
  const wake = createWake({ kind: 'url', url, form: 'signalbox' }, systemClock());
  const call = wake({ agent: 'ada', url: 'http://127.0.0.1:8080', task: newTask() });
  await expect(call).rejects.toThrow(/^http:\/\/127\.0\.0\.1:1 does not answer: .+/);
});
