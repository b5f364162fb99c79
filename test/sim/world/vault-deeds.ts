import { readCsr } from '../../../src/certificate/csr.ts';
import { sha256Hex } from '../../../src/certificate/fingerprint.ts';
import { commonNameOid, valuesOf } from '../../../src/certificate/names.ts';
import type { FaultName } from '../faults/catalogue.ts';
import type { Deed } from './deeds.ts';
import { PARTNER, type SimCertificate, wishOf } from './estate.ts';
import { operate } from './operator.ts';
import type { World } from './world.ts';

const DAY = 86_400_000;

const pathOf = ({ name }: SimCertificate): string => `/certificates/${name}`;

/** The operation that the vault's own renewal is, or somebody's in the portal. */
async function opened(world: World, { vault, name }: SimCertificate): Promise<undefined> {
  await operate(world, { vault, method: 'POST', path: `/certificates/${name}/create`, body: {} });
}

/** What others do in a vault. */
export const vaultDeeds: Readonly<Partial<Record<FaultName, Deed>>> = {
  'kv.read-only': (world, { vault }) => {
    const { host } = new URL(world.cloud.vault(vault).uri);
    world.readOnlyHosts.add(host);
    return () => void world.readOnlyHosts.delete(host);
  },
  'kv.403': (world) => {
    world.cloud.revoke('renewer');
    return () => world.cloud.restoreRoles();
  },
  'kv.foreign-pending': async (world, { vault, name, ca }) => {
    const emulator = world.cloud.vault(vault);
    const csr = await emulator.foreignPending(name).catch(() => undefined);
    if (csr === undefined) return undefined;
    world.trace(() => `somebody opens an operation of ${name}`);
    return async () => {
      const pending = await operate(world, { vault, method: 'GET', path: `/certificates/${name}/pending` });
      if (pending.body.csr === csr && pending.body.status === 'inProgress')
        await operate(world, { vault, method: 'DELETE', path: `/certificates/${name}/pending` });
      // An operation leaves its issuer in the policy.
      if (ca === 'partner') {
        const body = { issuer: { name: PARTNER } };
        await operate(world, { vault, method: 'PATCH', path: `/certificates/${name}/policy`, body });
      }
    };
  },
  'kv.foreign-merge': async (world, certificate) => {
    const path = `${pathOf(certificate)}/pending`;
    const { status, body } = await operate(world, { vault: certificate.vault, method: 'GET', path });
    if (status !== 200 || body.status !== 'inProgress') return undefined;
    const { subject, names, spki } = readCsr(Buffer.from(String(body.csr), 'base64'));
    const seconds = (milliseconds: number): Date => new Date(Math.floor(milliseconds / 1000) * 1000);
    const chain = world.cloud.authorityOf(certificate).sign({
      ...{ commonName: valuesOf(subject, commonNameOid)[0] ?? '', names: names.dns, spki },
      notBefore: seconds(world.clock.milliseconds - 60_000),
      notAfter: seconds(world.clock.milliseconds + certificate.plan.acceptance.validityDays * DAY),
    });
    world.mergedByHand.add(sha256Hex(chain[0] ?? Uint8Array.of()));
    const x5c = chain.map((der) => Buffer.from(der).toString('base64'));
    await operate(world, { vault: certificate.vault, method: 'POST', path: `${path}/merge`, body: { x5c } });
    return undefined;
  },
  'kv.foreign-discard': async (world, certificate) => {
    await operate(world, { vault: certificate.vault, method: 'DELETE', path: `${pathOf(certificate)}/pending` });
    return undefined;
  },
  'kv.policy-edit': async (world, certificate) => {
    const path = `${pathOf(certificate)}/policy`;
    const { vault } = certificate;
    const before = await operate(world, { vault, method: 'GET', path });
    if (before.status !== 200) return undefined;
    const kind = world.dice.pick<object>('edit', [
      { x509_props: { subject: 'CN=edited.contoso.example, O=Contoso' } },
      { key_props: { kty: 'EC', crv: 'P-384', key_size: 384, exportable: true, reuse_key: false } },
      { x509_props: { sans: { dns_names: ['edited.contoso.example'] } } },
    ]);
    // Of edits one upon the other, none is what is gone back to.
    const id = `${vault}/${certificate.name}`;
    const original = world.editedPolicies.get(id) ?? before.body;
    world.editedPolicies.set(id, original);
    await operate(world, { vault, method: 'PATCH', path, body: kind });
    return async () => {
      const { id: _id, attributes: _attributes, ...policy } = original;
      await operate(world, { vault, method: 'PATCH', path, body: policy });
      world.editedPolicies.delete(id);
    };
  },
  'kv.soft-delete': async (world, certificate) => {
    const { vault, name } = certificate;
    await operate(world, { vault, method: 'DELETE', path: pathOf(certificate) });
    const recover = async (): Promise<void> => {
      const path = `/deletedcertificates/${name}/recover`;
      const { status } = await operate(world, { vault, method: 'POST', path });
      // A deletion takes a while to be seen, and a recovery as well.
      if (status !== 200) world.clock.after(60_000, () => void unlessThere());
    };
    const unlessThere = async (): Promise<void> => {
      const { status } = await operate(world, { vault, method: 'GET', path: `${pathOf(certificate)}/` });
      if (status === 404) await recover();
    };
    return recover;
  },
  'kv.disable': async (world, certificate) => {
    const { vault } = certificate;
    const path = pathOf(certificate);
    const id = String((await operate(world, { vault, method: 'GET', path: `${path}/` })).body.id ?? '');
    const version = `${path}/${id.split('/').at(-1)}`;
    await operate(world, { vault, method: 'PATCH', path: version, body: { attributes: { enabled: false } } });
    return async () => {
      await operate(world, { vault, method: 'PATCH', path: version, body: { attributes: { enabled: true } } });
    };
  },
  'kv.auto-renew': (world, certificate) => {
    const { vault, name, keyKind, plan, ca } = certificate;
    // What a vault does that has an account with the issuer: it orders there.
    if (ca === 'partner') return opened(world, certificate);
    const snapshot = world.cloud
      .vault(vault)
      .snapshot()
      .find((one) => one.name === name);
    if (snapshot === undefined) return undefined;
    const keys = world.ground.keys.draw(keyKind);
    const start = Math.floor(world.clock.milliseconds / 1000) * 1000;
    const chain = world.cloud.authorityOf(certificate).sign({
      ...wishOf(certificate),
      spki: keys.spki,
      ...{ notBefore: new Date(start), notAfter: new Date(start + plan.acceptance.validityDays * DAY) },
    });
    world.cloud.vault(vault).seed({ name, chain, privateKey: keys.privateKey, tags: { owner: `team-${name}` } });
    return undefined;
  },
};
