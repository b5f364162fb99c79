import type { Announcement, AuditLog, LoggedVault, Reader, SecretCaller, Window } from '../../../src/monitor/port.ts';

/** An audit log in memory, with a lever for its failing. */
export interface MemoryLog extends AuditLog {
  announced: readonly Announcement[];
  logged: readonly LoggedVault[];
  read: readonly Reader[];
  callers: readonly SecretCaller[];
  failure?: Error;
  /** What was asked, with its windows and limits. */
  readonly asked: unknown[][];
}

export function createMemoryLog(): MemoryLog {
  const asked: unknown[][] = [];
  const answer = <T>(from: readonly T[], ...question: unknown[]): Promise<readonly T[]> => {
    asked.push(question);
    return log.failure === undefined ? Promise.resolve(from) : Promise.reject(log.failure);
  };
  const within = ({ from, to }: Window) => {
    return log.announced.filter(({ at }) => at >= from.toISOString() && at < to.toISOString());
  };
  const log: MemoryLog = {
    ...{ announced: [], logged: [], read: [], callers: [], asked },
    announcements: (window) => answer(within(window), 'announcements', window),
    loggedVaults: (window, resourceId) => answer(log.logged, 'logged', window, resourceId),
    readers: (of, window, limit) => answer(log.read.slice(0, limit), 'readers', of, window, limit),
    secretCallers: (window, limit) => answer(log.callers.slice(0, limit), 'callers', window, limit),
  };
  return log;
}
