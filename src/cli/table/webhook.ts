/** Webhooks: notices of chosen events to a URL elsewhere. */
import { type CommandEntry, PAGE, REASON } from './entry.ts';

export const webhook: readonly CommandEntry[] = [
  {
    name: 'webhook add',
    args: '<url>',
    summary: 'Post chosen events to a URL from now on; the secret that signs is shown once.',
    group: 'Manage',
    options: [
      { flags: '--event <type>', summary: 'only this type of event', isMany: true },
      { flags: '--subject <id>', summary: 'only what is about this' },
      { flags: '--shape <shape>', summary: 'standard, slack, discord or ntfy' },
      { flags: '--secret <secret>', summary: 'one of your own (whsec_…); `-` reads stdin' },
    ],
    example: 'signalbox webhook add https://example.org/hook --event task.dead',
    load: async () => (await import('../commands/webhook.ts')).addWebhook,
  },
  {
    name: 'webhook list',
    summary: 'The webhooks there are.',
    group: 'Manage',
    options: PAGE,
    load: async () => (await import('../commands/webhook.ts')).listWebhooks,
  },
  {
    name: 'webhook show',
    args: '<id>',
    summary: 'One webhook, and what of it waits or is dead.',
    group: 'Manage',
    load: async () => (await import('../commands/webhook.ts')).showWebhook,
  },
  {
    name: 'webhook test',
    args: '<id>',
    summary: 'Send a notice now, and say what came back.',
    group: 'Manage',
    load: async () => (await import('../commands/webhook.ts')).testWebhook,
  },
  {
    name: 'webhook pause',
    args: '<id>',
    summary: 'Hold a webhook back.',
    group: 'Manage',
    options: [REASON],
    load: async () => (await import('../commands/webhook.ts')).pauseWebhook,
  },
  {
    name: 'webhook resume',
    args: '<id>',
    summary: 'Let a paused webhook go on where it stopped.',
    group: 'Manage',
    options: [{ flags: '--from-now', summary: 'leave out what happened meanwhile' }],
    load: async () => (await import('../commands/webhook.ts')).resumeWebhook,
  },
  {
    name: 'webhook rotate',
    args: '<id>',
    summary: 'Make a new secret; for a while the old one signs too.',
    group: 'Manage',
    options: [
      { flags: '--grace <duration>', summary: 'how long (24h unless told)' },
      { flags: '--secret <secret>', summary: 'one of your own (whsec_…); `-` reads stdin' },
    ],
    load: async () => (await import('../commands/webhook.ts')).rotateWebhook,
  },
  {
    name: 'webhook remove',
    args: '<id>',
    summary: 'End a webhook; what still waits is not sent.',
    group: 'Manage',
    load: async () => (await import('../commands/webhook.ts')).removeWebhook,
  },
  {
    name: 'webhook deliveries',
    args: '[id]',
    summary: 'What was sent, waits or is dead, newest first.',
    group: 'Manage',
    options: [{ flags: '--state <state>', summary: 'pending, delivered or dead' }, ...PAGE],
    load: async () => (await import('../commands/webhook-deliveries.ts')).listDeliveries,
  },
  {
    name: 'webhook redrive',
    args: '<delivery>',
    summary: 'Try a dead delivery again.',
    group: 'Manage',
    load: async () => (await import('../commands/webhook-deliveries.ts')).redriveDelivery,
  },
];
