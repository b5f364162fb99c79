import { DOMAIN, SECRET_ID, startEmulatedVaultPki } from '../../contract/vault-pki-bench.ts';
import { createIssuerLine, type Submits } from '../line.ts';
import type { ConformanceBench } from '../under-test.ts';

export const submits: Submits = ({ url }) => url.pathname.includes('/sign/');

const atOnce = 'the PKI engine issues at once: there is nobody who might have to agree';

/** By AppRole and by the managed identity. */
export const vaultPkis: readonly ConformanceBench[] = [atEmulator('AppRole'), atEmulator('a managed identity')];

function atEmulator(who: 'AppRole' | 'a managed identity'): ConformanceBench {
  return {
    title: `Vault PKI at the emulator, logged in by ${who}`,
    lacks: { 'pending-issued': atOnce, 'pending-rejected': atOnce, cancel: atOnce },
    async setUp() {
      const line = createIssuerLine(submits);
      const { pki, clock, issuerWith, byIdentity, close } = await startEmulatedVaultPki();
      const login = who === 'AppRole' ? {} : { login: byIdentity };
      return {
        issuer: issuerWith(login, { httpClient: line.client }),
        line,
        ca: pki.faults,
        roots: pki.roots().slice(0, 1),
        domain: DOMAIN,
        validityDays: 90,
        now: () => clock.now(),
        wait: async (seconds) => void clock.advance(seconds * 1000),
        issuedCount: () => pki.certificates().length,
        isRevoked: (certificate) =>
          pki
            .certificates()
            .some(({ der, revokedAt }) => der.toString('base64') === certificate && revokedAt !== undefined),
        secrets: [SECRET_ID],
        tearDown: close,
      };
    },
  };
}
