import { sha256Hex } from '../certificate/fingerprint.ts';
import { RenewalError } from '../errors.ts';
import type { RevokeResult } from '../issuers/port.ts';
import type { Dependencies } from './dependencies.ts';

/** Enough for any honest issuer: one for each answer that was lost. */
const MOST_EXTRA = 10;

/**
 * Certificates that an issuer made besides the one that is taken, because its answer was lost and it was asked again: each
 * is journalled, and revoked where the issuer can. Nobody has them but the issuer, so that the renewal does not fail with
 * them: what could not be revoked is in the journal.
 */
export async function revokeExtra(
  leaves: readonly string[],
  { renewalId, issuer: name }: { readonly renewalId: string; readonly issuer: string },
  app: Dependencies,
): Promise<void> {
  for (const leaf of leaves.slice(0, MOST_EXTRA)) {
    const certificate = sha256Hex(Buffer.from(leaf, 'base64'));
    const record = (kind: 'intent' | 'result', facts: Readonly<Record<string, unknown>>) =>
      app.journal.append(renewalId, {
        ...{ key: `extra:${certificate}:${kind}`, at: app.clock.now().toISOString(), kind, step: 'extra' },
        facts: { certificate, issuer: name, ...facts },
      });
    await record('intent', { why: 'an answer was lost and the issuer was asked again', reason: 'superseded' });
    await record('result', await revoked(leaf, name, app));
  }
}

async function revoked(certificate: string, name: string, app: Dependencies) {
  const issuer = app.issuer(await app.estate(), name);
  if (issuer.revoke === undefined) return { state: 'kept', detail: 'this issuer revokes nothing' } as const;
  try {
    return (await issuer.revoke({ certificate, reason: 'superseded' })) satisfies RevokeResult;
  } catch (error) {
    const code = error instanceof RenewalError ? error.code : 'bug';
    const detail = `not revoked: ${error instanceof Error ? error.message : String(error)}`.slice(0, 500);
    return { state: 'kept', code, detail } as const;
  }
}
