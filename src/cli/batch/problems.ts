/** What is wrong in a file, each with its place: all of it is told at once, within a bound. */
import { SignalboxError } from '../../contract/errors.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { counted } from '../words/time.ts';

const SHOWN_MAX = 20;
const WORDS_MAX = 300;

/** Both from 1. */
export interface Place {
  line: number;
  column: number;
}

export interface Problem {
  place: Place;
  /** Which field it is, where it is one. */
  field?: string | undefined;
  message: string;
}

export interface Problems {
  add: (problem: Problem) => void;
  isEmpty: () => boolean;
  /** Throws where there is something wrong. */
  refuse: () => void;
}

export function createProblems(file: string): Problems {
  // What is wrong in the defaults would else be told for each task that has them.
  const found = new Map<string, Problem>();
  return {
    add(problem) {
      const { place, field, message } = problem;
      found.set(JSON.stringify([place, field, message]), problem);
    },
    isEmpty: () => found.size === 0,
    refuse() {
      if (found.size > 0) throw refusal(file, [...found.values()].toSorted(byPlace));
    },
  };
}

function byPlace({ place: one }: Problem, { place: other }: Problem): number {
  return one.line - other.line || one.column - other.column;
}

function refusal(file: string, problems: readonly Problem[]): SignalboxError {
  const lines = problems.slice(0, SHOWN_MAX).map((problem) => `\n  ${inWords(file, problem)}`);
  const rest = problems.length - lines.length;
  if (rest > 0) lines.push(`\n  and ${rest} more`);
  const what = counted(problems.length, 'thing is wrong', 'things are wrong');
  return new SignalboxError('invalid_input', `${what}:${lines.join('')}`, {
    hint: 'No task was submitted. Correct the file, and try it with --dry-run.',
    details: { file, problems: problems.slice(0, SHOWN_MAX) },
  });
}

function inWords(file: string, { place, field, message }: Problem): string {
  const words = harmlessLine(field === undefined ? message : `${field}: ${message}`);
  const told = words.length > WORDS_MAX ? `${words.slice(0, WORDS_MAX)}…` : words;
  return `${file}:${place.line}:${place.column}: ${told}`;
}
