/**
 * Aider: `aider --message-file FILE`. It prints for people, so what is read here is only its report
 * of tokens, the files it edited, and the errors of its model library, with which it exits 0.
 *
 * It neither commits (`--no-auto-commits`, `--no-dirty-commits`: the sidecar does, once, with its
 * trailers) nor touches `.gitignore`, and its histories lie outside the place of work.
 * `--yes-always` answers its questions about files; it does not say yes to running a command that
 * the model suggests, and `--no-suggest-shell-commands` keeps it from suggesting one. Written after
 * what version 0.86 prints, from its source.
 */
import { dirname, join } from 'node:path';
import type { CliEvent, Translate } from './cli-event.ts';
import type { Cli } from './cli.ts';

export const aider: Cli = {
  kind: 'aider',
  program: 'aider',
  args: ({ extra, promptFile }) => [
    '--message-file',
    promptFile,
    '--yes-always',
    '--no-auto-commits',
    '--no-dirty-commits',
    '--no-gitignore',
    '--no-suggest-shell-commands',
    '--no-detect-urls',
    '--no-pretty',
    '--no-stream',
    '--no-fancy-input',
    '--no-check-update',
    '--no-show-release-notes',
    '--no-analytics',
    '--input-history-file',
    join(dirname(promptFile), 'aider.input.history'),
    '--chat-history-file',
    join(dirname(promptFile), 'aider.chat.history.md'),
    ...extra,
  ],
  input: 'nothing',
  translator,
  // The cache of its repository map, for which it takes no other place.
  scratch: ['.aider*'],
};

function translator(): Translate {
  let messages = 0;
  return (line) => {
    const model = /^(?:Main m|M)odel: (\S+)/.exec(line)?.[1];
    if (model !== undefined) return [{ kind: 'spent', reply: 'model', spent: { model } }];
    const file = /^Applied edit to (.+)$/.exec(line)?.[1];
    if (file !== undefined) return [{ kind: 'tool', text: `edit ${file}` }];
    const error = /^(?:litellm\.)?\w*(?:Error|Exception): .*$/.exec(line)?.[0];
    if (error !== undefined && MODEL_ERROR.test(line)) return [{ kind: 'failure', text: error }];
    const account = TOKENS.exec(line)?.groups;
    return account === undefined ? null : accounted(account, ++messages);
  };
}

const MODEL_ERROR = /^litellm\.|^(?:RateLimit|Authentication|APIConnection|Timeout)Error\b/;

const COUNT = String.raw`[\d.,]+k?`;
const TOKENS = new RegExp(
  String.raw`^Tokens: (?<sent>${COUNT}) sent` +
    String.raw`(?:, (?<written>${COUNT}) cache write)?(?:, (?<hit>${COUNT}) cache hit)?` +
    String.raw`, (?<received>${COUNT}) received\.` +
    String.raw`(?: Cost: \$(?<message>[\d.]+) message, \$[\d.]+ session\.)?`,
);

/** Printed once for each message; what it reports ends the message well. */
function accounted(groups: Record<string, string | undefined>, number: number): CliEvent[] {
  const { sent, hit, received, message } = groups;
  const cost = message === undefined ? {} : { costMicros: Number(message) * 1_000_000 };
  const spent = {
    inputTokens: tokens(sent),
    cachedInputTokens: tokens(hit),
    outputTokens: tokens(received),
    contextTokens: tokens(sent) + tokens(received),
    ...cost,
  };
  return [
    { kind: 'spent', reply: `message ${number}`, spent },
    { kind: 'success', text: null },
  ];
}

function tokens(text: string | undefined): number {
  if (text === undefined) return 0;
  const number = Number.parseFloat(text.replaceAll(',', ''));
  return Math.round(text.endsWith('k') ? number * 1_000 : number);
}
