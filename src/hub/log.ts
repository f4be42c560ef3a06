/**
 * Structured logs, one JSON line each, on stderr. The domain records events and this file words
 * them; task, agent and phase are fields of their own, so that a line can be found by any of them.
 */
import { pino } from 'pino';
import type { StoredEvent } from '../store/events.ts';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface Log {
  event: (event: StoredEvent) => void;
  defect: (where: string, error: unknown) => void;
  note: (component: string, phase: string, message: string) => void;
}

export function createLog(level: LogLevel): Log {
  const log = pino({ level, base: null }, pino.destination({ dest: 2, sync: true }));
  return {
    event(event) {
      if (!log.isLevelEnabled('info')) return;
      const { seq, type, subject, actor, audience } = event;
      const [noun = '', phase = ''] = type.split('.');
      const agent = audience === null ? {} : { agent: audience };
      const data: unknown = JSON.parse(event.data);
      log.info({ seq, [noun]: subject, phase, actor, ...agent, data }, type);
    },
    defect: (where, error) => log.error({ phase: where, err: error }, 'something went wrong'),
    note: (component, phase, message) => log.info({ component, phase }, message),
  };
}
