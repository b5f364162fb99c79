import { expect, it } from 'vitest';
import { accept } from '../../../src/certificate/acceptance.ts';
import { readCsr } from '../../../src/certificate/csr.ts';
import { derToPem } from '../../../src/certificate/pem.ts';
import type { AcmeAccount } from '../../../src/issuers/acme-account.ts';
import { issuedChain } from '../../../src/issuers/acme-chain.ts';
import { createWorld, csrOf, now } from './authority.ts';

it('hands on a chain that is too long, to be refused as that', async () => {
  const { root, keys } = await createWorld();
  const text = Array.from({ length: 12 }, () => derToPem(root.der)).join('');
  const answer = { status: 200, text, header: () => undefined, retryAfterSeconds: undefined };
  const account: AcmeAccount = { post: async () => ({ state: 'done', answer, body: undefined }) };
  const chain = await issuedChain(account, 'https://ca.example/certificate/1', undefined);
  const verdict = accept({
    ...{ answer: chain, csr: readCsr(Buffer.from(csrOf({ keys }), 'base64')), roots: [root.der], now },
    profile: { validityDays: 90, minimumDays: 1, maximumDays: 398, keys: ['P-256'] },
    ...{ knownSerials: [], startReason: 'sweep' },
  });
  expect(verdict).toMatchObject({ state: 'refused', reason: 'chain-too-large', detail: expect.stringContaining('12') });
});
