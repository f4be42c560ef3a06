/** Why a file is no message, and what its writer can do about it. */
import { limits, SignalboxError } from '../contract/index.ts';

export function notAFile(name: string): SignalboxError {
  return new SignalboxError('invalid_input', `${quoted(name)} is no regular file.`, {
    hint: 'Links, folders, pipes and devices are not followed or read: put the file itself here.',
  });
}

export function unreadable(name: string, cause: unknown): SignalboxError {
  return new SignalboxError('forbidden', `${quoted(name)} cannot be read by the bridge.`, {
    hint: 'Let the user that the bridge runs as read it, and put it back.',
    cause,
  });
}

export function tooLarge(name: string, bytes: bigint): SignalboxError {
  const most = limits.bridgeFileBytesMax;
  return new SignalboxError('too_large', `${quoted(name)} has ${bytes} bytes.`, {
    hint: `A file may have ${most}: send the path of what is larger, not the thing itself.`,
  });
}

export function unfinished(name: string): SignalboxError {
  return new SignalboxError('invalid_input', `${quoted(name)} was never finished.`, {
    hint: 'It is empty, or its front matter has no second `---`. Finish it and put it back.',
  });
}

export function grown(name: string, id: string): SignalboxError {
  return new SignalboxError('conflict', `${quoted(name)} was written to after it was sent.`, {
    hint: `${id} holds what it was before. Write under another name and rename when it is whole.`,
  });
}

function quoted(name: string): string {
  return JSON.stringify(name);
}
