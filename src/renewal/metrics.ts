import type { LogLine } from './log-fields.ts';
import { outcomes, reasons } from './outcomes.ts';

/**
 * What points of a metric are told apart by: a word of a closed list, or a name that the estate file holds. Nothing that
 * others choose is a dimension: each of its values would be a series of its own.
 */
export const dimensions = {
  vault: 'estate',
  certificate: 'estate',
  issuer: 'estate',
  credential: 'estate',
  outcome: Object.keys(outcomes),
  reason: Object.keys(reasons),
  state: ['waiting', 'queued', 'running', 'refused', 'unreachable', 'unowned', 'orphans', 'overdue', 'expired'],
} as const satisfies Readonly<Record<string, 'estate' | readonly string[]>>;

export type Dimension = keyof typeof dimensions;

interface Metric {
  readonly unit: 'days' | 'seconds' | 'count';
  readonly dimensions: readonly Dimension[];
  readonly written: string;
  readonly meaning: string;
}

/** Every metric. A name that is not here cannot be written. */
export const metrics = {
  days_to_expiry: {
    unit: 'days',
    dimensions: ['vault', 'certificate'],
    written: 'by every sweep',
    meaning:
      'Until the current version of an enabled certificate of the estate expires, as the list of its vault says.',
  },
  'credential.days_to_expiry': {
    unit: 'days',
    dimensions: ['issuer', 'credential'],
    written: 'by every sweep',
    meaning:
      'Until a credential of an issuer, or of a webhook target (`issuer` is `none`), expires; no point for one that does not, as far as anybody has said.',
  },
  certificates: {
    unit: 'count',
    dimensions: ['state'],
    written: 'by every sweep',
    meaning:
      'How many certificates it found waiting, queued, running, refused, overdue … : the words of `GET /api/sweep`.',
  },
  'renewal.duration': {
    unit: 'seconds',
    dimensions: ['outcome'],
    written: 'when a renewal is closed',
    meaning: 'From the claim to the end.',
  },
  attempts: {
    unit: 'count',
    dimensions: ['outcome'],
    written: 'when a renewal is closed',
    meaning: 'Attempts since the last success of the certificate, this one included.',
  },
  failures: {
    unit: 'count',
    dimensions: ['outcome', 'reason'],
    written: 'when a renewal is closed, by its last step or from its records',
    meaning: 'Renewals that ended without serving a new version everywhere, and that nobody cancelled.',
  },
  'targets.unverified': {
    unit: 'count',
    dimensions: ['vault', 'certificate'],
    written: 'when a renewal with targets is closed',
    meaning: 'Targets that were not seen serving the new version.',
  },
  'renewals.in_flight': {
    unit: 'count',
    dimensions: [],
    written: 'with every heartbeat that is started',
    meaning: 'Renewals that were claimed and are not closed.',
  },
  'renewals.queued': {
    unit: 'count',
    dimensions: [],
    written: 'with every heartbeat that is started',
    meaning: 'Certificates that are due and wait for their turn.',
  },
  'issuers.held_back': {
    unit: 'count',
    dimensions: ['issuer'],
    written: 'with every heartbeat that is started',
    meaning:
      '1 for an issuer that is not asked for now: it does not answer, or has asked for patience. No point for others.',
  },
  'sweep.age': {
    unit: 'seconds',
    dimensions: [],
    written: 'with every heartbeat that is started',
    meaning: 'Since the last sweep that came to its end; no point before the first.',
  },
  'heartbeat.age': {
    unit: 'seconds',
    dimensions: [],
    written: 'with every heartbeat that is started',
    meaning: 'Since the last heartbeat that came through; no point before the first.',
  },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof metrics;

/** One measurement, with a value for each dimension of its metric. */
export type Point<M extends MetricName> = { readonly value: number } & {
  readonly [D in (typeof metrics)[M]['dimensions'][number]]: string;
};

/** Points in a line: with the longest names there are, a line fits into a message of Application Insights. */
const POINTS = 100;

/** A word that is in no list: of a later version of the app, for instance. */
const OTHER = 'other';

/** The lines that hold these points; none for none. A value that is no finite number is left out. */
export function metricLines<M extends MetricName>(metric: M, points: readonly Point<M>[]): readonly LogLine[] {
  const { unit }: Metric = metrics[metric];
  const kept = points.filter(({ value }) => Number.isFinite(value)).map((point) => pointOf(metric, point));
  const lines = Array.from({ length: Math.ceil(kept.length / POINTS) }, (_, index) =>
    kept.slice(index * POINTS, (index + 1) * POINTS),
  );
  return lines.map((some) => ({ message: 'metrics', metric, unit, points: some }));
}

/** Only the dimensions that the table gives to the metric, each with a value that it may have. */
function pointOf(metric: MetricName, point: Readonly<Record<string, unknown>> & { readonly value: number }) {
  const { dimensions: own }: Metric = metrics[metric];
  const values = own.map((name) => [name, wordOf(name, point[name])] as const);
  return { value: Math.round(point.value * 1000) / 1000, ...Object.fromEntries(values) };
}

function wordOf(name: Dimension, value: unknown): string {
  const allowed: 'estate' | readonly string[] = dimensions[name];
  if (typeof value !== 'string') return OTHER;
  return allowed === 'estate' || allowed.includes(value) ? value : OTHER;
}
