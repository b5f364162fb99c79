import type { Seeded } from './scenarios.ts';

/** What is known of one certificate's renewal so far. */
export interface Course {
  readonly seeded: Seeded;
  readonly startedAt: number;
  id?: string;
  /** The last view of `GET /api/renewals/{id}`, or what the first question was answered with. */
  view?: Record<string, unknown>;
  endedAt?: number;
}
