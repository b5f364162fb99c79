/** A command line or configuration that nothing can begin with: `problems` are complete sentences, all of them at once. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Something did not go as it must for the run to go on. The message names action, resource and answer, never a token. */
export class SmokeError extends Error {
  override readonly name = 'SmokeError';
}

/** The run was interrupted: what was begun is cleaned up. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';

  constructor() {
    super('interrupted');
  }
}

/** One line for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
