import { type EmulatorResponse, jsonResponse } from '../../../local/emulator.ts';
import type { AcmeFault, AcmeFaultKind } from '../../../local/issuers/acme/faults.ts';
import type { FaultName } from '../faults/catalogue.ts';
import { DOMAIN } from './names.ts';
import type { Call } from './wire.ts';
import type { World } from './world.ts';

type Kinds = readonly [AcmeFaultKind, ...AcmeFaultKind[]];

/** What an order comes to, which is decided when it is finalized. */
const atFinalize: Readonly<Partial<Record<FaultName, Kinds>>> = {
  'ca.reject': ['order-rejected'],
  'ca.wrong-key': ['wrong-key'],
  'ca.san': ['extra-name', 'missing-name'],
  'ca.chain': ['missing-chain', 'expired-intermediate'],
};

/** The public CA has nothing to do with us for hours: an error's code, or an answer; `undefined` when it has. */
export function refusedByCa(world: World, { isAct, body }: Call): EmulatorResponse | string | undefined {
  if (world.caTroubles.has('tls')) return 'CERT_HAS_EXPIRED';
  if (!world.caTroubles.has('refused') || (body === '' && isAct !== true)) return undefined;
  const type = 'urn:ietf:params:acme:error:unauthorized';
  const problem = { type, detail: 'Account is not valid, has status "deactivated"', status: 403 };
  return jsonResponse(403, problem, { 'content-type': 'application/problem+json' });
}

/**
 * Plants in the public CA what it is to do wrong with a request, or with the order that the request is about. Answers with
 * what takes back whatever is meant for this request alone.
 */
export function plant(world: World, call: Call): () => void {
  const { publicCa } = world.cloud;
  if (publicCa === undefined) return () => undefined;
  const { faults } = publicCa.acme;
  const strikes = (name: FaultName): boolean => world.faults.strikes(name, call.place, call.certificate);
  const once = (fault: AcmeFault): (() => void) => faults.add({ ...fault, times: 1 });
  const undo: (() => void)[] = [];
  if (call.body !== '' && strikes('ca.nonce')) undo.push(once({ kind: 'bad-nonce' }));
  if (call.isAct === true && strikes('ca.5xx'))
    undo.push(once({ kind: world.dice.pick('silence', ['server-error', 'busy']) }));
  const seconds = (): number => Math.round(world.dice.scale('pending', 5, 40_000));
  if (call.place === 'POST new-order' && strikes('ca.rate-limit')) undo.push(once({ kind: 'rate-limited' }));
  if (call.place === 'POST challenge' && call.isAct === true) {
    if (strikes('ca.pending')) undo.push(once({ kind: 'slow-validation', seconds: seconds() }));
    if (strikes('ca.look')) keep(world, once({ kind: world.dice.pick('look', ['dns', 'unauthorized', 'caa']) }));
  }
  if (call.place === 'POST finalize') {
    if (strikes('ca.pending')) undo.push(once({ kind: 'slow-issuance', seconds: seconds() }));
    const host = `${call.certificate?.split('/')[1] ?? ''}.${DOMAIN}`;
    for (const [name, kinds] of Object.entries(atFinalize) as [FaultName, Kinds][])
      if (strikes(name)) keep(world, once({ kind: world.dice.pick(`order ${name}`, kinds), host }));
  }
  return () => {
    for (const one of undo) one();
  };
}

/** It waits for its order until faults are over. */
function keep(world: World, undo: () => void): void {
  world.ground.watchers.push({ healed: undo });
}
