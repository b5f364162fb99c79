import type { StoredPoint } from './hub-tail.ts';
import type { Call } from './traps.ts';

/** One write of a renewal to the outside: all of them, in order, are the table below. */
export interface Moment {
  readonly stage: string;
  /** Who is called. */
  readonly of: Call['of'];
  /** What is written. */
  readonly effect: string;
  /** The act whose record this is, with its kind, as in the journal's keys without target and attempt. */
  readonly record?: string;
  /** Set for what the stage is there for. */
  readonly main?: true;
  /** Set for the last write of a stage, with what the host then stores. */
  readonly thenStored?: StoredPoint;
  readonly isIt: (call: Call) => boolean;
}

const at = (of: string, method: string, path: RegExp, body: RegExp = /(?:)/) => ({
  of,
  isIt: (call: Call) => call.of === of && call.method === method && path.test(call.path) && body.test(call.body),
});

const journal = /\/journal\/.+\.jsonl$/;

/** A record of the journal; `act` is its key without target and attempt. */
function record(act: string, kind: 'intent' | 'result'): Pick<Moment, 'of' | 'effect' | 'record' | 'isIt'> {
  const [step = '', subject = ''] = act.split(' ');
  const key = new RegExp(`"key":"${step}[^"]*${subject}[^"]*#\\d+:${kind}"`);
  return { effect: `record of the ${kind}`, record: `${act} ${kind}`, ...at('blob', 'PUT', journal, key) };
}

const stored = (activity: string, input = ''): Pick<Moment, 'thenStored'> => ({ thenStored: { activity, input } });
const order = (path: RegExp, body: RegExp, method = 'PUT') => at('table', method, path, body);
const orderRow = /\/orders\(PartitionKey='kv-/;

/** Every write of a renewal with one target: a write that is not here fails the tests. */
export const moments: readonly Moment[] = [
  {
    ...{ stage: 'start', effect: 'claim', main: true },
    ...at('table', 'POST', /\/certificates$/, /"state":"renewing"/),
    thenStored: {},
  },
  { stage: 'inspect', effect: 'empty journal', ...at('blob', 'PUT', journal, /^$/) },
  { stage: 'inspect', main: true, ...record('inspect', 'result'), ...stored('inspect') },
  {
    stage: 'gate before-request',
    main: true,
    ...record('gate before-request', 'result'),
    ...stored('gate', 'before-request'),
  },
  { stage: 'request', ...record('request', 'intent') },
  { stage: 'request', effect: 'place of the order', ...order(/\/orders\(PartitionKey='renewal:/, /"partition"/) },
  { stage: 'request', effect: 'order requesting', ...order(/\/orders$/, /"state":"requesting"/, 'POST') },
  { stage: 'request', effect: 'CSR', main: true, ...at('vault', 'POST', /^\/certificates\/[^/]+\/create$/) },
  { stage: 'request', effect: 'order requested', ...order(orderRow, /"state":"requested"/) },
  { stage: 'request', ...record('request', 'result'), ...stored('request') },
  {
    stage: 'gate before-submit',
    main: true,
    ...record('gate before-submit', 'result'),
    ...stored('gate', 'before-submit'),
  },
  { stage: 'submit', ...record('submit', 'intent') },
  { stage: 'submit', effect: 'issuance', main: true, ...at('table', 'POST', /\/issuances$/) },
  { stage: 'submit', effect: 'order submitted', ...order(orderRow, /"state":"submitted"/) },
  { stage: 'submit', ...record('submit', 'result'), ...stored('submit') },
  { stage: 'issue', effect: 'signature', main: true, ...at('ca', 'POST', /\/sign$/, /"value"/) },
  { stage: 'issue', effect: 'order issued', ...order(orderRow, /"state":"issued"(?!.*"accepted")/) },
  { stage: 'issue', ...record('poll', 'result'), ...stored('poll') },
  { stage: 'check', effect: 'accepted chain', main: true, ...order(orderRow, /"state":"issued".*"accepted"/) },
  { stage: 'check', ...record('check', 'result'), ...stored('check') },
  {
    stage: 'gate before-merge',
    main: true,
    ...record('gate before-merge', 'result'),
    ...stored('gate', 'before-merge'),
  },
  { stage: 'merge', ...record('merge', 'intent') },
  { stage: 'merge', effect: 'merge', main: true, ...at('vault', 'POST', /\/pending\/merge$/) },
  { stage: 'merge', effect: 'order merged', ...order(orderRow, /"state":"merged"/) },
  { stage: 'merge', ...record('merge', 'result'), ...stored('merge') },
  { stage: 'probe before', main: true, ...record('probe baseline', 'result'), ...stored('probe', 'baseline') },
  { stage: 'deploy', ...record('deploy', 'intent') },
  { stage: 'deploy', effect: 'sync', main: true, ...at('arm', 'PUT', /\/Microsoft\.Web\/certificates\//) },
  { stage: 'deploy', ...record('deploy', 'result'), ...stored('deploy') },
  { stage: 'probe after', main: true, ...record('probe verify', 'result'), ...stored('probe', 'verify') },
  { stage: 'target closed', effect: 'row of the target', main: true, ...at('table', 'PUT', /\/targets\(/) },
  { stage: 'target closed', ...record('targetClosed', 'result'), ...stored('targetClosed') },
  { stage: 'close', ...record('close', 'intent') },
  {
    ...{ stage: 'close', effect: 'row of the certificate', main: true },
    ...at('table', 'PUT', /\/certificates\(/, /"state":"idle"/),
    ...stored('close'),
  },
];

/**
 * The app makes its tables and its container when it first needs them, and asks the CA what its key can do. A renewal that is
 * started again says so in its journal, and one that has to wait pushes the time at which its row expects it.
 * Rows about the app itself are none of a renewal's.
 */
const occasional: readonly Pick<Moment, 'isIt'>[] = [
  at('table', 'POST', /\/Tables$/),
  at('blob', 'PUT', /\/journal$/),
  at('ca', 'POST', /\/sign$/, /^$/),
  at('blob', 'PUT', journal, /"key":"start:again"/),
  at('table', 'PUT', /\/certificates\(/, /"state":"renewing"/),
  at('table', 'POST', /\/app$/),
  at('table', 'PUT', /\/app\(/),
];

/** Whether a call changes something that the table says nothing about. */
export function isUnknownWrite(call: Call): boolean {
  return call.method !== 'GET' && ![...moments, ...occasional].some(({ isIt }) => isIt(call));
}
