/**
 * What is told to the hub about a claimed change. Each step has one key within a lease, so that a
 * report whose answer was lost is sent again and done once.
 */
import type { CallOptions, Client } from '../client/client.ts';
import type { Input, Output, Verification } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { insist } from './insist.ts';

/** For one answer; a question that is not answered is asked again. */
const ANSWER_MS = 10_000;

type Step = 'change.assess' | 'change.pass' | 'change.reject' | 'change.release' | 'change.land';
type Say<Name extends Step> = (input: Omit<Input<Name>, 'id' | 'lease'>) => Promise<Output<Name>>;

export interface Report {
  assess: Say<'change.assess'>;
  pass: Say<'change.pass'>;
  reject: Say<'change.reject'>;
  release: Say<'change.release'>;
  land: Say<'change.land'>;
}

export interface ReportPorts {
  client: Client;
  clock: Clock;
  /** Ends the insisting, not the call that is on its way. */
  stop: AbortSignal;
}

export function reportOn(verification: Verification, ports: ReportPorts): Report {
  const { change } = ports.client;
  const { lease } = verification;
  const held = { id: verification.change.id, lease };
  const insisting = <T>(step: Step, call: (options: CallOptions) => Promise<T>): Promise<T> => {
    const options = { key: `${step}:${held.id}:${lease}`, timeoutMs: ANSWER_MS };
    return insist(() => call(options), ports);
  };
  return {
    assess: (input) =>
      insisting('change.assess', (options) => change.assess({ ...input, ...held }, options)),
    pass: (input) =>
      insisting('change.pass', (options) => change.pass({ ...input, ...held }, options)),
    reject: (input) =>
      insisting('change.reject', (options) => change.reject({ ...input, ...held }, options)),
    release: (input) =>
      insisting('change.release', (options) => change.release({ ...input, ...held }, options)),
    land: (input) =>
      insisting('change.land', (options) => change.land({ ...input, ...held }, options)),
  };
}
