import { expect, it } from 'vitest';
import { accept } from '../../../src/certificate/acceptance.ts';
import { derContext, tags, wrap } from '../../../src/certificate/der.ts';
import { extensionOids } from '../../../src/certificate/extensions.ts';
import { anAuthority, aWorld, base64 } from '../../builders/certificates.ts';

const network = derContext(7, Buffer.from([10, 0, 0, 0, 255, 0, 0, 0]));

it('refuses an address of five octets under an authority whose addresses are constrained', async () => {
  const { root, leaf, request } = await aWorld();
  const value = wrap(tags.sequence, wrap(tags.context(0), wrap(tags.sequence, network)));
  const constrained = await anAuthority('CN=Constrained', {
    parent: root,
    extraExtensions: [{ oid: extensionOids.nameConstraints, critical: true, value }],
  });
  const odd = leaf({ authority: constrained, names: { dns: ['www.contoso.example'], ip: ['#0a00000001'] } });
  const verdict = accept(request({ answer: base64([odd.der, constrained.der]) }));
  expect(verdict).toMatchObject({ state: 'refused', reason: 'chain-broken' });
});
