/** What a change waits for. */
import type { Fact, Output } from '../../contract/index.ts';
import { findChangeWithRepository, findHeldBeside, isOfBrokenPolicy } from '../change/index.ts';
import type { QueryContext } from '../event/index.ts';
import { parseList } from '../task/index.ts';
import { unknown } from './fact.ts';

type Answer = Output<'why'>;

export async function whyChange(context: QueryContext, id: string): Promise<Answer> {
  const change = await findChangeWithRepository(context.db, context.actor.project, id);
  if (change === undefined) throw unknown(id);
  const verb = change.state === 'landed' ? 'has' : 'is';
  const head = `the change of ${change.author} ${verb} ${change.state}`;
  const summary = change.reason === null ? head : `${head}: ${change.reason}`;
  const facts = await factsOfChange(context, id);
  return { id, kind: 'change', state: change.state, summary, facts };
}

export async function factsOfChange(context: QueryContext, id: string): Promise<Fact[]> {
  const change = await findChangeWithRepository(context.db, context.actor.project, id);
  if (change === undefined) return [];
  const rules = parseList(change.rules).map((rule) => fixed(rule));
  switch (change.state) {
    case 'submitted': {
      const beside = await findHeldBeside(context.db, change);
      if (beside !== undefined) {
        const who = beside.verifier ?? 'a verifier';
        const fact = `${who} is at work on ${beside.id}, which is ahead`;
        const frees = 'That change lands or goes back: one lander a branch.';
        return [{ fact, holder: beside.id, untilMs: beside.next_check_ms, frees }];
      }
      const isLater = change.available_at_ms > context.nowMs;
      const untilMs = isLater ? change.available_at_ms : null;
      const fact = change.reason ?? 'waits for a verifier';
      return [
        { fact, holder: null, untilMs, frees: 'A verifier claims it: `signalbox verifier run`.' },
      ];
    }
    case 'verifying':
    case 'landing': {
      const doing = change.state === 'verifying' ? 'is testing it' : 'is landing it';
      const fact = `${change.verifier ?? 'a verifier'} ${doing}`;
      const frees = 'It reports; or its lease ends, and another verifier takes it.';
      return [{ fact, holder: change.verifier, untilMs: change.next_check_ms, frees }, ...rules];
    }
    case 'awaiting': {
      const frees = `\`signalbox change approve ${id}\`, or decline.`;
      return [{ fact: 'a human must approve it', holder: null, untilMs: null, frees }, ...rules];
    }
    default:
      return rules;
  }
}

function fixed(fact: string): Fact {
  return {
    fact,
    holder: null,
    untilMs: null,
    frees: isOfBrokenPolicy(fact)
      ? 'Mending that file on the base branch: what is tested from then on follows it.'
      : 'Nothing: it is a rule of the policy.',
  };
}
