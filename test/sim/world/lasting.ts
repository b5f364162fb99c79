import { X509Certificate } from 'node:crypto';
import type { Demand } from '../../../local/access.ts';
import { createIdentity, type Identity } from '../../../local/identity/identity.ts';
import { type Authority, certify, createAuthority } from '../../../local/pki.ts';
import { addPrincipals, type Principals } from '../../../local/stand/principals.ts';
import { purposes } from '../../../src/certificate/extensions.ts';
import { Dice } from '../virtual/dice.ts';
import { apart } from '../virtual/globals.ts';
import { numberedKeys } from '../virtual/keys.ts';
import { SimClock } from '../virtual/sim-clock.ts';
import { START } from './ground.ts';
import { SUBSCRIPTION } from './names.ts';
import type { SimAuthority } from './public-ca.ts';

const DAY = 86_400_000;

/**
 * What all simulations of a process share, because it costs more to make than most of them cost to live through. It is made
 * by a chance of its own: a seed lives the same life whether it is a process's first or its last.
 */
export interface Lasting {
  readonly identity: Identity;
  readonly principals: Principals;
  readonly root: Authority;
  readonly issuing: Authority;
  /** The vault CA, as those see it who do not order from it. */
  readonly internalCa: SimAuthority;
  /** The CA that a partner of the vaults issues by. */
  readonly partnerIssuing: Authority;
  readonly partnerCa: SimAuthority;
  /** A token as good as the one that the managed-identity endpoint gives. */
  token(principal: keyof Principals, audience: string): string;
}

let made: Promise<Lasting> | undefined;

export async function lasting(): Promise<Lasting> {
  const dice = new Dice(0);
  made ??= apart({ dice, clock: new SimClock(START, dice.stream('ties')) }, make);
  const shared = await made;
  (shared.identity.demands as Demand[]).length = 0;
  return shared;
}

async function make(): Promise<Lasting> {
  const clock = { now: () => START };
  const identity = createIdentity({ tenantId: SUBSCRIPTION, clock });
  const principals = addPrincipals(identity);
  const tokens = new Map<string, string>();
  const { root, issuing } = await createCa('Contoso', 0);
  const partner = await createCa('Partner', 2);
  return {
    ...{ identity, principals, root, issuing },
    internalCa: authorityOf(root, issuing),
    partnerIssuing: partner.issuing,
    partnerCa: authorityOf(partner.root, partner.issuing),
    token(principal, audience) {
      const key = `${principal} ${audience}`;
      const token = tokens.get(key) ?? identity.issueToken(principals[principal], audience);
      tokens.set(key, token);
      return token;
    },
  };
}

function authorityOf(root: Authority, issuing: Authority): SimAuthority {
  return {
    ...{ root: new X509Certificate(root.der), issuing: new X509Certificate(issuing.der) },
    sign({ commonName, names, ...wish }) {
      const made = certify(issuing, {
        subject: `CN=${commonName}, O=Contoso`,
        names: { dns: names },
        ...wish,
        // The two that Key Vault's default policy asks for.
        extendedKeyUsage: [purposes.serverAuth, purposes.clientAuth],
        keyUsage: ['digitalSignature'],
      });
      return made.chain;
    },
  };
}

/** `firstKey`: the number of the root's key; the next one is the issuing CA's. */
async function createCa(name: string, firstKey: number): Promise<{ root: Authority; issuing: Authority }> {
  const notBefore = new Date(START.getTime() - 400 * DAY);
  const years = (count: number): Date => new Date(START.getTime() + count * 365 * DAY);
  const root = await createAuthority({
    ...{ subject: `CN=${name} root CA, O=${name}`, notBefore, notAfter: years(15) },
    keys: numberedKeys('P-256', firstKey),
  });
  const issuing = await createAuthority({
    ...{ subject: `CN=${name} issuing CA, O=${name}`, notBefore, notAfter: years(10), pathLength: 0 },
    keys: numberedKeys('P-256', firstKey + 1),
    parent: root,
  });
  return { root, issuing };
}
