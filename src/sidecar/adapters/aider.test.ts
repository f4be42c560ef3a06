/** What Aider 0.86 prints, after its source: it prints for people, and there is no other form. */
import { expect, test } from 'vitest';
import { aider } from './aider.ts';
import { createOutput } from './output.ts';

const DONE = `Aider v0.86.1
Model: anthropic/claude-sonnet-4 with diff edit format
Git repo: .git with 12 files
Repo-map: using 4096 tokens, auto refresh

I will add the check.

src/a.ts
<<<<<<< SEARCH
=======
>>>>>>> REPLACE

Tokens: 4.2k sent, 1.1k cache hit, 350 received. Cost: $0.02 message, $0.02 session.
Applied edit to src/a.ts
The lint fails.
Tokens: 11k sent, 90 received. Cost: $0.03 message, $0.05 session.
Applied edit to src/b.ts
`;

function play(
  text: string,
  nowMs = 0,
): ReturnType<ReturnType<typeof createOutput>['end']> & {
  notes: Set<string | null>;
} {
  const notes = new Set<string | null>();
  const job = {
    folder: '/app',
    onProgress: ({ note }: { note: string | null }) => notes.add(note),
  };
  const output = createOutput({ name: 'aider', job, translate: aider.translator() });
  output.push(Buffer.from(text), 'stdout');
  return { ...output.end({ nowMs, hasFailed: false }), notes };
}

test('its reports of tokens are added up, and its edits are what it is doing', () => {
  const { told, notes, log } = play(DONE);
  expect(told).toEqual({
    use: {
      model: 'anthropic/claude-sonnet-4',
      inputTokens: 15_200,
      cachedInputTokens: 1_100,
      outputTokens: 440,
      costMicros: 50_000,
      contextTokens: 11_090,
      contextTokensMax: null,
    },
    hasAnswer: true,
    result: null,
    failure: null,
    limit: null,
  });
  expect([...notes]).toEqual([null, 'edit src/a.ts', 'edit src/b.ts']);
  expect(log).toContain('I will add the check.\n');
});

test('an error of its model is a failure though it exits 0, unless a later try went well', () => {
  const error = 'litellm.RateLimitError: AnthropicException - {"type":"error"}\n';
  const hint =
    'The API provider has rate limited you. Try again later.\nRetrying in 0.2 seconds...\n';
  expect(play(error + hint).told).toMatchObject({
    hasAnswer: false,
    failure: expect.stringContaining('litellm.RateLimitError'),
    limit: { untilMs: null },
  });
  expect(play(error + hint + DONE).told).toMatchObject({ failure: null, limit: null });
  const key = 'litellm.AuthenticationError: AuthenticationError: missing api key\n';
  expect(play(key).told).toMatchObject({
    failure: expect.stringContaining('missing api key'),
    limit: null,
  });
});

test('errors that the model writes about are none', () => {
  expect(play('ValueError: not this one\nKeyError: nor this\n').told.failure).toBeNull();
});
