import type { VaultEvent } from '../../../local/events/types.ts';
import { certify } from '../../../local/pki.ts';
import { readCsr } from '../../../src/certificate/csr.ts';
import { purposes } from '../../../src/certificate/extensions.ts';
import { cancelRenewal } from '../../../src/renewal/cancel.ts';
import { startRenewal } from '../../../src/renewal/start.ts';
import { takeEvent } from '../../../src/renewal/take-event.ts';
import { type FaultName, faultKinds } from '../faults/catalogue.ts';
import { hostNamesOf, type SimCertificate, vaultId } from './estate.ts';
import { operate } from './operator.ts';
import { trigger } from './triggers.ts';
import type { World } from './world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** What is done to a certificate or its surroundings. Answers with what mends it; that is done at the latest when faults end. */
type Deed = (
  world: World,
  certificate: SimCertificate,
  renewalId: string,
) => Mend | undefined | Promise<Mend | undefined>;
type Mend = () => void | Promise<void>;

/** The two that Key Vault's default policy asks for. */
const extendedKeyUsage = [purposes.serverAuth, purposes.clientAuth];

const pathOf = ({ name }: SimCertificate): string => `/certificates/${name}`;

const deeds: Readonly<Partial<Record<FaultName, Deed>>> = {
  'kv.read-only': (world, { vault }) => {
    const { host } = new URL(world.cloud.vault(vault).uri);
    world.readOnlyHosts.add(host);
    return () => void world.readOnlyHosts.delete(host);
  },
  'kv.403': (world) => {
    world.cloud.revoke('renewer');
    return () => world.cloud.restoreRoles();
  },
  'arm.403': (world) => {
    world.cloud.revoke('deployer');
    return () => world.cloud.restoreRoles();
  },
  'kv.foreign-pending': async (world, { vault, name }) => {
    const emulator = world.cloud.vault(vault);
    const csr = await emulator.foreignPending(name).catch(() => undefined);
    if (csr === undefined) return undefined;
    world.trace(() => `somebody opens an operation of ${name}`);
    return async () => {
      const pending = await operate(world, { vault, method: 'GET', path: `/certificates/${name}/pending` });
      if (pending.body.csr === csr && pending.body.status === 'inProgress')
        await operate(world, { vault, method: 'DELETE', path: `/certificates/${name}/pending` });
    };
  },
  'kv.foreign-merge': async (world, certificate) => {
    const path = `${pathOf(certificate)}/pending`;
    const { status, body } = await operate(world, { vault: certificate.vault, method: 'GET', path });
    if (status !== 200 || body.status !== 'inProgress') return undefined;
    const csr = readCsr(Buffer.from(String(body.csr), 'base64'));
    const seconds = (milliseconds: number): Date => new Date(Math.floor(milliseconds / 1000) * 1000);
    const made = certify(world.cloud.issuing, {
      ...{ subject: csr.subject, names: csr.names, spki: csr.spki, keyUsage: ['digitalSignature'], extendedKeyUsage },
      notBefore: seconds(world.clock.milliseconds - 60_000),
      notAfter: seconds(world.clock.milliseconds + certificate.plan.acceptance.validityDays * DAY),
    });
    const x5c = made.chain.map((der) => Buffer.from(der).toString('base64'));
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
    await operate(world, { vault, method: 'PATCH', path, body: kind });
    return async () => {
      const { id: _id, attributes: _attributes, ...policy } = before.body;
      await operate(world, { vault, method: 'PATCH', path, body: policy });
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
    const { vault, name, keyKind, plan } = certificate;
    const snapshot = world.cloud
      .vault(vault)
      .snapshot()
      .find((one) => one.name === name);
    if (snapshot === undefined) return undefined;
    const keys = world.ground.keys.draw(keyKind);
    const start = Math.floor(world.clock.milliseconds / 1000) * 1000;
    const made = certify(world.cloud.issuing, {
      subject: `CN=${name}.contoso.example, O=Contoso`,
      names: { dns: hostNamesOf(certificate) },
      ...{
        notBefore: new Date(start),
        notAfter: new Date(start + plan.acceptance.validityDays * DAY),
        spki: keys.spki,
      },
      keyUsage: ['digitalSignature'],
      extendedKeyUsage,
    });
    world.cloud
      .vault(vault)
      .seed({ name, chain: made.chain, privateKey: keys.privateKey, tags: { owner: `team-${name}` } });
    return undefined;
  },
  'arm.gone': (world, { targets }) => {
    const [target] = targets;
    if (target === undefined) return undefined;
    const site = world.cloud.appService.site(target.site);
    const group = target.site.slice(0, target.site.indexOf('/sites/'));
    if (site === undefined) return undefined;
    world.cloud.appService.bind(site, { hostName: target.hostName, sslState: 'Disabled', thumbprint: null });
    world.cloud.appService.removeCertificate(`${group}/certificates/${target.certificateResource}`);
    return undefined;
  },
  'app.no-sync': (world) => inForce(world, 'app.no-sync'),
  'app.binding': (world) => inForce(world, 'app.binding'),
  'target.lies': (world, { targets }) => {
    for (const target of targets) {
      const served = world.served(target);
      if (served !== undefined) world.lies.set(target.id, served);
    }
    return () => {
      for (const { id } of targets) world.lies.delete(id);
    };
  },
  'target.down': (world, { targets }) => {
    const some = targets.filter(() => world.dice.chance('down', 0.6));
    for (const { id } of some) world.down.add(id);
    return () => {
      for (const { id } of some) world.down.delete(id);
    };
  },
  'eg.forge': async (world) => {
    await trigger(world, (app) => takeEvent(forgery(world), app)).catch(() => undefined);
    return undefined;
  },
  'clock.skew': (world) => {
    world.skew = world.dice.integer('skew', -600_000, 600_000);
    return () => {
      world.skew = 0;
    };
  },
  'host.terminate': async (world, _certificate, renewalId) => {
    await world.hub?.client.terminate(renewalId, 'an operator');
    return undefined;
  },
  'person.force': async (world, { vault, name }) => {
    const request = { vault, certificate: name, reason: 'manual', force: true, requester: 'somebody' } as const;
    const started = await trigger(world, (app) => startRenewal(request, app)).catch((error: unknown) => String(error));
    world.trace(() => `person forces ${name}: ${JSON.stringify(started)}`);
    return undefined;
  },
  'person.cancel': async (world, _certificate, renewalId) => {
    const cancelled = await trigger(world, (app) => cancelRenewal(renewalId, app)).catch((error: unknown) =>
      String(error),
    );
    world.trace(() => `person cancels ${renewalId}: ${JSON.stringify(cancelled)}`);
    return undefined;
  },
};

function inForce(world: World, fault: 'app.no-sync' | 'app.binding'): Mend {
  world.cloud.appServiceFaults.add(fault);
  return () => void world.cloud.appServiceFaults.delete(fault);
}

function forgery(world: World): unknown {
  const uri = `https://kv-evil-${world.dice.integer('forged', 1, 99)}.vault.azure.net`;
  const id = `${uri}/certificates/shop/${'e'.repeat(32)}`;
  const eventType: VaultEvent['type'] = 'Microsoft.KeyVault.CertificateNearExpiry';
  const data = { Id: id, VaultName: 'kv-evil', ObjectType: 'Certificate', ObjectName: 'shop', Version: 'e'.repeat(32) };
  const about = { topic: vaultId('kv-evil'), subject: 'shop', dataVersion: '1', metadataVersion: '1' };
  return {
    ...about,
    id: `forged-${world.dice.integer('forged id', 1, 1e6)}`,
    eventType,
    data,
    eventTime: new Date().toISOString(),
  };
}

/** Plans who does what when; what they break is mended hours later, or by `mendAll`. */
export function startDeeds(world: World): { readonly mendAll: () => Promise<void> } {
  const open = new Set<Mend>();
  const act = (name: FaultName, certificate: SimCertificate, renewalId: string): void => {
    void Promise.resolve(deeds[name]?.(world, certificate, renewalId)).then((mend) => {
      if (mend === undefined) return;
      open.add(mend);
      world.clock.after(world.dice.scale(`mend ${name}`, 60_000, 20 * HOUR), () => {
        if (open.delete(mend)) void mend();
      });
    });
  };
  for (const [name, rate] of world.faults.rates) {
    if (faultKinds[name].way === 'deed') arrive(world, { name, rate, act });
  }
  ambush(world, act);
  return {
    async mendAll() {
      for (const mend of [...open].reverse()) await mend();
      open.clear();
    },
  };
}

interface Arrivals {
  readonly name: FaultName;
  /** Times a day. */
  readonly rate: number;
  readonly act: (name: FaultName, certificate: SimCertificate, renewalId: string) => void;
}

/** At moments without memory: the waits between them are exponential. */
function arrive(world: World, { name, rate, act }: Arrivals): void {
  let count = 0;
  const next = (): void => {
    const wait = (-Math.log(1 - world.dice.stream(`wait ${name}`)()) / rate) * DAY;
    world.clock.after(wait, () => {
      count += 1;
      const [first, ...rest] = world.certificates;
      if (first === undefined) return;
      const certificate = world.dice.pick(`whom ${name}`, [first, ...rest]);
      if (world.faults.inject(name, `deed#${count}`, `${certificate.vault}/${certificate.name}`))
        act(name, certificate, '');
      next();
    });
  };
  next();
}

/** Something happens to a certificate while it is being renewed. */
function ambush(world: World, act: Arrivals['act']): void {
  world.ground.watchers.push({
    row(before, { vault, name, state, renewalId = '' }) {
      if (state !== 'renewing' || before?.renewalId === renewalId) return;
      const id = `${vault}/${name}`;
      const certificate = world.certificate(id);
      for (const fault of world.faults.rates.keys()) {
        if (faultKinds[fault].way !== 'ambush' || certificate === undefined) continue;
        const wait = world.dice.scale(`ambush ${fault} ${renewalId}`, 100, 300_000);
        world.clock.after(wait, () => {
          if (world.faults.strikes(fault, renewalId, id)) act(fault, certificate, renewalId);
        });
      }
    },
  });
}
