interface Field {
  readonly type: 'text' | 'number' | 'yes or no' | 'time' | 'list' | 'object';
  readonly meaning: string;
}

/** Every field that a log line may have. A name means the same in every line; times are ISO 8601, in UTC. */
export const logFields = {
  renewalId: {
    type: 'text',
    meaning: 'The renewal, which is the instance of its orchestration too: what joins its lines.',
  },
  traceId: {
    type: 'text',
    meaning: 'W3C trace id of the event or call, and of the renewal that it began: 32 hex digits.',
  },
  vault: {
    type: 'text',
    meaning: 'Name of the vault in the estate file; of an event that is taken no further, what it says.',
  },
  certificate: { type: 'text', meaning: 'Name of the certificate, likewise.' },
  attempt: { type: 'number', meaning: 'Which attempt of the step it was, from 1.' },
  step: { type: 'text', meaning: 'The step: the name of its activity.' },
  target: { type: 'text', meaning: 'Id of the target that the step was about.' },
  state: { type: 'text', meaning: 'How the step, the event, the heartbeat or the look stands.' },
  code: { type: 'text', meaning: 'The error code of what is tried again: docs/errors.md.' },
  outcome: { type: 'text', meaning: 'How the renewal ended: docs/reasons.md.' },
  reason: { type: 'text', meaning: 'Why: docs/reasons.md.' },
  detail: { type: 'text', meaning: 'A sentence for people, without secrets.' },
  problem: { type: 'text', meaning: 'What is wrong with an event that nobody can use.' },
  notKept: {
    type: 'number',
    meaning: 'Unusable events of the day that are in the log alone: the journal keeps 1,000.',
  },
  type: { type: 'text', meaning: 'Type of an event that nothing follows from.' },
  dueAt: { type: 'time', meaning: 'When the certificate becomes due.' },
  verified: {
    type: 'number',
    meaning: 'Targets that were seen serving the new version; of a single target, yes or no.',
  },
  targets: { type: 'number', meaning: 'Targets of the renewal.' },
  notAfter: { type: 'time', meaning: 'When the new version expires.' },
  issuer: { type: 'text', meaning: 'Name of the issuer in the estate file.' },
  authority: { type: 'text', meaning: 'Which CA key a CRL is of: the name of its blob, without `.crl`.' },
  number: { type: 'text', meaning: 'Number of the CRL.' },
  entries: { type: 'number', meaning: 'How many certificates the CRL lists.' },
  metric: { type: 'text', meaning: 'Name of the metric; the table of metrics says what it means.' },
  unit: { type: 'text', meaning: 'Of its values: days, seconds or count.' },
  points: { type: 'list', meaning: 'Measurements: value, and the dimensions of the metric.' },
  seconds: { type: 'number', meaning: 'From the claim of the renewal to its end.' },
  rows: {
    type: 'list',
    meaning: 'Certificates: vault, certificate, plan, state, dueAt, notAfter, lastOutcome, lastReason.',
  },
  looked: { type: 'number', meaning: 'Certificates that the sweep looked at; vaults whose event paths were.' },
  waiting: { type: 'number', meaning: 'Certificates that are not due.' },
  queued: { type: 'number', meaning: 'Certificates that are due and wait for their turn.' },
  counts: { type: 'object', meaning: 'How long each list of this line is; the line holds the first 15 of each.' },
  started: { type: 'list', meaning: 'Ids of renewals that were started.' },
  running: { type: 'list', meaning: 'Ids of renewals that were running already.' },
  refused: { type: 'list', meaning: 'Certificates that may not be renewed: certificate and reason.' },
  unreachable: { type: 'list', meaning: 'Certificates that could not be looked at: certificate and problem.' },
  unowned: { type: 'list', meaning: 'Certificates in a vault of the estate and in no plan.' },
  orphans: { type: 'list', meaning: 'Certificates that are no longer in the estate file.' },
  overdue: { type: 'list', meaning: 'Certificates that are due for more than a day, and nothing runs for them.' },
  expired: { type: 'list', meaning: 'Certificates whose current version has expired.' },
  openOrders: { type: 'list', meaning: 'Ids of ended renewals whose order the issuer has still to cancel.' },
  unanswered: { type: 'list', meaning: 'Issuers that did not tell their renewal windows: issuer and problem.' },
  credentials: {
    type: 'list',
    meaning:
      'Credentials of issuers and webhook targets that expire soon or are refused: credential, issuers, targets, state, expiresAt, problem.',
  },
  startedAgain: { type: 'list', meaning: 'Ids of renewals whose instance was gone.' },
  closed: { type: 'list', meaning: 'Ids of renewals that had ended without closing their row.' },
  silent: { type: 'list', meaning: 'Ids of renewals that are past the time that they may take.' },
  stuck: { type: 'list', meaning: 'Ids of renewals that were stopped, to be tried again.' },
  dead: { type: 'list', meaning: 'Vaults whose events do not arrive.' },
  unheard: { type: 'list', meaning: 'Vaults of which one event did not arrive, which proves nothing yet.' },
  unlogged: { type: 'list', meaning: 'Vaults whose audit log does not come into the workspace.' },
  unseen: { type: 'list', meaning: 'Ids of subscriptions in which nothing is seen of where certificates are used.' },
  announcedAt: { type: 'time', meaning: 'When Key Vault announced the expiry whose event did not arrive.' },
  lastAt: { type: 'time', meaning: 'When the last event of the vault arrived; absent: none ever did.' },
  period: { type: 'text', meaning: 'Hour and minute that the heartbeat is of.' },
  startedAt: { type: 'time', meaning: 'When its timer ran.' },
  completedAt: { type: 'time', meaning: 'When the last heartbeat came through.' },
  ageSeconds: { type: 'number', meaning: 'How long ago that was.' },
} as const satisfies Readonly<Record<string, Field>>;

export type LogField = keyof typeof logFields;

interface Kind {
  readonly written: string;
  readonly fields: readonly LogField[];
}

const step = ['renewalId', 'traceId', 'vault', 'certificate', 'attempt', 'step', 'target'] as const;

/** Every line that the app logs, by its `message`: when it is written, and the fields that it may have. */
export const logLines = {
  'event taken': {
    written: 'for every event that came',
    fields: [
      ...(['traceId', 'vault', 'certificate', 'state', 'renewalId', 'outcome', 'reason'] as const),
      ...(['detail', 'dueAt', 'type', 'problem', 'notKept'] as const),
    ],
  },
  'step ended': {
    written: 'for every run of a step',
    fields: [...step, 'verified', 'state', 'code', 'outcome', 'reason', 'detail'],
  },
  'renewal closed': {
    written: 'once a renewal',
    fields: [...step, 'outcome', 'reason', 'detail', 'verified', 'targets', 'notAfter', 'seconds'],
  },
  'roll back failed': {
    written: 'for every renewal that leaves targets on another version than the last good one, as a warning',
    fields: ['renewalId', 'traceId', 'vault', 'certificate', 'detail', 'verified', 'targets'],
  },
  'estate rows': { written: 'after every sweep, 40 certificates a line', fields: ['rows'] },
  'sweep done': {
    written: 'at the end of every sweep',
    fields: [
      ...(['looked', 'waiting', 'queued', 'counts', 'started', 'running', 'refused'] as const),
      ...([
        'unreachable',
        'unowned',
        'orphans',
        'overdue',
        'expired',
        'openOrders',
        'unanswered',
        'credentials',
      ] as const),
    ],
  },
  'watchdog acted': {
    written: 'when the watchdog found something, as a warning',
    fields: ['queued', 'counts', 'started', 'startedAgain', 'closed', 'silent', 'stuck', 'unreachable'],
  },
  metrics: {
    written: 'for the measurements of one metric, up to 100 a line',
    fields: ['metric', 'unit', 'points'],
  },
  heartbeat: { written: 'for every heartbeat that came through', fields: ['period', 'startedAt'] },
  'heartbeat is stale': {
    written: 'when none did for 30 minutes, as a warning',
    fields: ['code', 'state', 'completedAt', 'ageSeconds'],
  },
  'event path dead': {
    written: 'for every vault whose events do not arrive, at every look, as a warning',
    fields: ['vault', 'certificate', 'announcedAt', 'lastAt'],
  },
  'uses looked at': {
    written: 'after every look at where certificates are used',
    fields: ['state', 'code', 'problem', 'counts', 'unseen'],
  },
  'CRL published': {
    written: 'for every CRL of an internal CA that was published by the timer',
    fields: ['issuer', 'authority', 'number', 'entries'],
  },
  'CRL failed': {
    written: 'for every CRL that could not be published, as a warning',
    fields: ['issuer', 'authority', 'detail'],
  },
  'event paths checked': {
    written: 'after every look at the audit log, as a warning when it came to nothing',
    fields: ['state', 'code', 'problem', 'looked', 'counts', 'dead', 'unheard', 'unlogged'],
  },
} as const satisfies Readonly<Record<string, Kind>>;

export type LogMessage = keyof typeof logLines;

/** What alerts and the workbook read: one JSON object a line, whose `message` comes first, because queries look for it there. */
export interface LogLine {
  readonly message: LogMessage;
  readonly [field: string]: unknown;
}

/** Characters of a text; Application Insights keeps 32,768 of a whole message. */
const LONGEST = 2000;

/** The text of a line, and the only way to log one: a field that the table does not give to this line is left out. */
export function logText(line: LogLine): string {
  const { fields }: Kind = logLines[line.message];
  const known = fields.filter((name) => line[name] !== undefined).map((name) => [name, cut(line[name])]);
  return JSON.stringify({ message: line.message, ...Object.fromEntries(known) });
}

function cut(value: unknown): unknown {
  return typeof value === 'string' ? value.slice(0, LONGEST) : value;
}
