import type { VaultEvent } from '../../../local/events/types.ts';
import { sha256Hex } from '../../../src/certificate/fingerprint.ts';
import { cancelRenewal } from '../../../src/renewal/cancel.ts';
import { startRenewal } from '../../../src/renewal/start.ts';
import { takeEvent } from '../../../src/renewal/take-event.ts';
import { type FaultName, faultKinds } from '../faults/catalogue.ts';
import type { SimCertificate } from './estate.ts';
import { vaultId } from './names.ts';
import { targetDeeds } from './target-deeds.ts';
import { trigger } from './triggers.ts';
import { vaultDeeds } from './vault-deeds.ts';
import type { World } from './world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** What is done to a certificate or its surroundings. Answers with what mends it; that is done at the latest when faults end. */
export type Deed = (
  world: World,
  certificate: SimCertificate,
  renewalId: string,
) => Mend | undefined | Promise<Mend | undefined>;
export type Mend = () => void | Promise<void>;

const deeds: Readonly<Partial<Record<FaultName, Deed>>> = {
  ...vaultDeeds,
  ...targetDeeds,
  'arm.403': (world) => {
    world.cloud.revoke('deployer');
    return () => world.cloud.restoreRoles();
  },
  'ca.tls-expired': (world) => troubled(world, 'tls'),
  'ca.refused': (world) => troubled(world, 'refused'),
  'ca.early': (world, { vault, name }) => {
    const versions = world.cloud
      .vault(vault)
      .snapshot()
      .find((one) => one.name === name)?.versions;
    const { acme } = world.cloud.publicCa ?? {};
    const current = acme?.certificates().find(({ leaf }) => sha256Hex(leaf) === versions?.at(-1)?.sha256);
    if (acme === undefined || current === undefined) return undefined;
    if (world.dice.chance('revoked', 0.5)) current.revoked = { at: world.clock.now(), reason: 4 };
    else acme.suggestWindow('now', current.renewalId);
    return undefined;
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
  'host.down': (world) => {
    world.stop();
    return () => world.startAgain();
  },
  'host.purge': async (world, _certificate, renewalId) => {
    await world.hub?.lose(renewalId);
    return undefined;
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

function troubled(world: World, trouble: 'tls' | 'refused'): Mend {
  world.caTroubles.add(trouble);
  return () => void world.caTroubles.delete(trouble);
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

/** Something happens to a certificate while it is being renewed: soon after the start, or when the answer is there. */
function ambush(world: World, act: Arrivals['act']): void {
  const late = new Map<string, FaultName[]>();
  const lieInWait = (fault: FaultName, { vault, name, renewalId }: Prey, wait: number): void => {
    const id = `${vault}/${name}`;
    const certificate = world.certificate(id);
    if (certificate === undefined) return;
    world.clock.after(wait, () => {
      if (world.faults.strikes(fault, renewalId, id)) act(fault, certificate, renewalId);
    });
  };
  world.ground.watchers.push({
    row(before, { vault, name, state, renewalId = '' }) {
      if (state !== 'renewing' || before?.renewalId === renewalId) return;
      for (const fault of world.faults.rates.keys()) {
        if (faultKinds[fault].way !== 'ambush') continue;
        if (world.dice.chance(`late ${fault} ${renewalId}`, 0.5))
          late.set(renewalId, [...(late.get(renewalId) ?? []), fault]);
        else
          lieInWait(fault, { vault, name, renewalId }, world.dice.scale(`ambush ${fault} ${renewalId}`, 100, 300_000));
      }
    },
    order(before, { vault, name, state, renewalId }) {
      if (state !== 'issued' || before?.state === 'issued') return;
      for (const fault of late.get(renewalId) ?? [])
        lieInWait(fault, { vault, name, renewalId }, world.dice.scale(`late ${fault} ${renewalId}`, 1, 5000));
    },
  });
}

interface Prey {
  readonly vault: string;
  readonly name: string;
  readonly renewalId: string;
}
