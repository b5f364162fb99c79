import { CertificateClient } from '@azure/keyvault-certificates';
import acme from 'acme-client';
import { certificateName, type RunnerGround } from './order.ts';
import { serveRunner } from './runner.ts';

/** Its own first pause between two looks is five seconds; so short a one never holds it back. */
const FIRST_PAUSE_MILLISECONDS = 50;

/** The npm package `acme-client`: keys in this process, and what it has got is imported into the vault. */
serveRunner(async (ground) => {
  const client = new acme.Client({
    directoryUrl: ground.directory,
    accountKey: await acme.crypto.createPrivateEcdsaKey('P-256'),
    backoffMin: FIRST_PAUSE_MILLISECONDS,
  });
  await client.createAccount({ termsOfServiceAgreed: true });
  const vault = vaultOf(ground);
  // Of several first calls side by side the vault's client loses bodies: this one has none.
  await vault.listPropertiesOfCertificates().next();
  return async (name) => {
    const key = await acme.crypto.createPrivateEcdsaKey('P-256');
    const [, csr] = await acme.crypto.createCsr({ commonName: name, altNames: [name] }, key);
    const chain = await client.auto({
      csr,
      challengePriority: ['dns-01'],
      challengeCreateFn: async () => undefined,
      challengeRemoveFn: async () => undefined,
      skipChallengeVerification: true,
      termsOfServiceAgreed: true,
    });
    await importPem(vault, certificateName(name, 'acme-client'), `${key.toString()}\n${chain}`);
  };
});

function vaultOf({ vault, vaultToken }: RunnerGround): CertificateClient {
  const credential = { getToken: async () => ({ token: vaultToken, expiresOnTimestamp: Date.now() + 3_000_000 }) };
  return new CertificateClient(vault, credential, { disableChallengeResourceVerification: true });
}

async function importPem(vault: CertificateClient, name: string, pem: string): Promise<void> {
  const policy = { contentType: 'application/x-pem-file', issuerName: 'Unknown' } as const;
  await vault.importCertificate(name, Buffer.from(pem), { policy });
}
