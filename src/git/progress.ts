/** What git tells about long work on stderr, as numbers. */

export interface GitProgress {
  /** git's own word, such as "Receiving objects". */
  phase: string;
  percent: number;
}

export type ProgressCall = (progress: GitProgress) => void;

/** Reads stderr as it comes; a line may be split anywhere and end in a carriage return. */
export function progressReader(call: ProgressCall): (chunk: Uint8Array) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + Buffer.from(chunk).toString('utf8')).split(/[\r\n]/);
    rest = (lines.pop() ?? '').slice(-1_000);
    for (const line of lines) {
      const found = /^(?:remote: )?([A-Z][A-Za-z ]+): +(\d{1,3})% /.exec(line);
      if (found?.[1] !== undefined) call({ phase: found[1], percent: Number(found[2]) });
    }
  };
}
