/**
 * Making and ending tokens. A secret is printed alone on stdout, so that it can go straight to
 * where it belongs.
 */
import { Role, type Output as Reply, type Token } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { table } from '../terminal/layout.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';
import { timeInWords } from '../words/time.ts';

export async function createToken(context: Context): Promise<void> {
  const { options } = context;
  const input = {
    agent: options.text('agent') ?? '',
    role: options.choice('role', Role.options),
    expiresInMs: options.durationMs('expires'),
  };
  const hub = await context.hub();
  giveSecret(context, await hub.token.create(input));
}

export async function rotateToken(context: Context): Promise<void> {
  const graceMs = context.options.durationMs('grace');
  const hub = await context.hub();
  giveSecret(context, await hub.token.rotate({ id: theOne(context), graceMs }));
}

function giveSecret({ output }: Context, answer: Reply<'token.create'>): void {
  const { token, secret } = answer;
  output.give(answer, () => [secret]);
  if (output.isJson) return;
  const end = token.expiresAtMs;
  const until = end === null ? '' : ` It ends ${timeInWords(end, token.createdAtMs)}.`;
  output.note(
    `${token.id}, ${token.role} for ${token.agent}.${until} It is shown this once.`,
    'note',
  );
}

export async function listTokens(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const hub = await context.hub();
  const page = await hub.token.list(pageOf(options));
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'ID', text: ({ id }: Token) => id },
    { title: 'AGENT', text: ({ agent }: Token) => agent },
    { title: 'ROLE', text: ({ role }: Token) => role },
    { title: 'MADE', text: ({ createdAtMs }: Token) => timeInWords(createdAtMs, nowMs) },
    { title: 'WORKS', text: (token: Token) => validity(token, nowMs) },
  ];
  output.give(page, () => [...table(output, columns, page.items), ...nextPage(page, 'token list')]);
}

function validity({ revokedAtMs, expiresAtMs }: Token, nowMs: number): string {
  if (revokedAtMs !== null) return `no, revoked ${timeInWords(revokedAtMs, nowMs)}`;
  if (expiresAtMs === null) return 'yes';
  const when = timeInWords(expiresAtMs, nowMs);
  return expiresAtMs > nowMs ? `yes, ends ${when}` : `no, ended ${when}`;
}

export async function revokeToken(context: Context): Promise<void> {
  const { options, output } = context;
  const hub = await context.hub();
  const token = await hub.token.revoke({ id: theOne(context), reason: options.text('reason') });
  output.give(token, () => [`${token.id} of ${token.agent} is revoked: it works no more`]);
}
