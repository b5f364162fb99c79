import { readCsr } from '../../src/certificate/csr.ts';
import { purposes } from '../../src/certificate/extensions.ts';
import type { EmulatorRequest, EmulatorResponse } from '../emulator.ts';
import { certify } from '../pki.ts';
import { callVault } from '../stand/vault-call.ts';
import { vaultAudience } from '../vault/challenge.ts';
import { ambush, isCreate, isMerge, isRead, isSign, lines, type Scene, type Strike } from './scene.ts';

const DAY = 86_400_000;

/** A deed could not be done: the fault that was asked for is not there. */
export class DeedError extends Error {
  override readonly name = 'DeedError';
}

type Verb = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** As a person with all rights does it, by the vault's own protocol. `path` goes on from the certificate's name. */
async function operate({ cloud, victim }: Scene, method: Verb, path: string, body?: unknown) {
  const token = cloud.identity.issueToken(cloud.principals.operator, vaultAudience);
  const call = { method, path: `/certificates/${victim.name}${path}`, token, body };
  const answer = await callVault(cloud.vault(victim.vaultName), call);
  if (answer.status >= 300)
    throw new DeedError(`${method} ${call.path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** A request for another name: one for the same names and key could be ours, and would be taken up. */
export const foreignPending: Strike = ambush({ on: 'vault', matches: isCreate, when: 'before' }, async (scene) => {
  const { cloud, victim } = scene;
  const policy = { x509_props: { subject: 'CN=somebody-else', sans: { dns_names: ['somebody-else.example'] } } };
  await cloud.vault(victim.vaultName).foreignPending(victim.name, { policy });
});

export const foreignDiscard: Strike = ambush({ on: 'vault', matches: isCreate, when: 'after' }, async (scene) => {
  await operate(scene, 'DELETE', '/pending');
});

export const policyEdit: Strike = ambush({ on: 'vault', matches: isCreate, when: 'after' }, async (scene) => {
  await operate(scene, 'PATCH', '/policy', { x509_props: { sans: { dns_names: ['edited.example'] } } });
});

/** The certificate is a good one, for the very CSR: only that nobody of ours has merged it. */
export const foreignMerge: Strike = ambush({ on: 'caVault', matches: isSign, when: 'before' }, async (scene) => {
  const { csr: base64 } = await operate(scene, 'GET', '/pending');
  const { subject, names, spki } = readCsr(Buffer.from(String(base64), 'base64'));
  const now = Math.floor(scene.now().getTime() / 1000) * 1000;
  const { chain } = certify(scene.authority, {
    ...{ subject, names, spki, keyUsage: ['digitalSignature'], extendedKeyUsage: [purposes.serverAuth] },
    ...{ notBefore: new Date(now - 60_000), notAfter: new Date(now + 90 * DAY) },
  });
  await operate(scene, 'POST', '/pending/merge', { x5c: chain.map((der) => Buffer.from(der).toString('base64')) });
});

const LAGGING_LOOKS = 10;

/** What was current before the merge is shown to the next looks too. */
export const lag: Strike = (scene) => {
  let shown: EmulatorResponse | undefined;
  let looks = 0;
  return lines.vault(scene).add(async (request, next) => {
    if (isMerge(request, scene) && shown === undefined) {
      const before = await currentFor(scene, request);
      const delivery = await next();
      if (delivery.state !== 'none' && delivery.response.status < 300) shown = before;
      return delivery;
    }
    if (shown === undefined || !isRead(request, scene) || looks >= LAGGING_LOOKS) return next();
    looks += 1;
    scene.struck();
    return { state: 'whole', response: shown };
  });
};

/** What the client of `request` would be shown as current. */
function currentFor({ cloud, victim }: Scene, { url, headers }: EmulatorRequest): Promise<EmulatorResponse> {
  const at = new URL(url);
  at.pathname = `/certificates/${victim.name}/`;
  return cloud.vault(victim.vaultName).handle({ method: 'GET', url: at, headers, body: Buffer.alloc(0) });
}
