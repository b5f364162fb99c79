import { beforeEach, describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import type { WebhookTarget } from '../../../src/plan/targets/webhook.ts';
import { sweep } from '../../../src/renewal/sweep.ts';
import { type CredentialExpiry, watchCredentials } from '../../../src/renewal/watch-credentials.ts';
import type { CredentialFacts } from '../../../src/vault/credential-facts.ts';
import { createWorld, NOW, VAULT_URI, type World } from '../../builders/world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const credential = `${VAULT_URI}/certificates/ca`;
const inDays = (days: number) => new Date(NOW.getTime() + days * DAY).toISOString();

let world: World;
/** Ids that were looked at. */
let looks: string[];
beforeEach(async () => {
  world = await createWorld();
  looks = [];
  const { credentialFacts: read } = world.app;
  Object.assign(world.app, {
    credentialFacts: (id: string) => {
      looks.push(id);
      return read(id);
    },
  });
});

const watch = async (onExpiry?: (expiry: CredentialExpiry) => void) =>
  watchCredentials(await world.app.estate(), world.app, onExpiry);

describe('a credential of an issuer (CA17)', () => {
  it.each<[string, CredentialFacts, object[]]>([
    ['expires in a year', { enabled: true, expiresAt: inDays(365) }, []],
    ['does not expire', { enabled: true }, []],
    ['expires in 36 days', { enabled: true, expiresAt: inDays(36) }, []],
    ['expires in 34 days', { enabled: true, expiresAt: inDays(34) }, [{ state: 'expiring', expiresAt: inDays(34) }]],
    ['has expired', { enabled: true, expiresAt: inDays(0) }, [{ state: 'expired', expiresAt: inDays(0) }]],
    ['is disabled', { enabled: false, expiresAt: inDays(365) }, [{ state: 'disabled', expiresAt: inDays(365) }]],
    ['is not valid yet', { enabled: true, notBefore: inDays(1) }, [{ state: 'not-yet-valid' }]],
  ])('that %s', async (_what, facts, told) => {
    world.credentials.set(credential, facts);
    expect(await watch()).toEqual(told.map((one) => ({ credential, issuers: 'internal', ...one })));
  });

  it('is told at least 30 days before it expires, by an hourly sweep', async () => {
    world.credentials.set(credential, { enabled: true, expiresAt: inDays(90) });
    let toldAt: number | undefined;
    for (let hour = 0; toldAt === undefined && hour < 90 * 24; hour++) {
      if ((await watch()).length > 0) toldAt = world.clock.now().getTime();
      else world.clock.advance(HOUR);
    }
    expect((Date.parse(inDays(90)) - (toldAt ?? Number.POSITIVE_INFINITY)) / DAY).toBeGreaterThanOrEqual(30);
  });

  it('is looked at once a day, and a rotated one is found the day after', async () => {
    world.credentials.set(credential, { enabled: true, expiresAt: inDays(10) });
    for (let hour = 0; hour < 23; hour++) {
      expect(await watch()).toHaveLength(1);
      world.clock.advance(HOUR);
    }
    expect(looks).toEqual([credential]);
    world.credentials.set(credential, { enabled: true, expiresAt: inDays(365) });
    world.clock.advance(HOUR);
    expect(await watch()).toEqual([]);
    expect(looks).toHaveLength(2);
  });

  it('that cannot be read is told with the error code, and nothing else of the error', async () => {
    Object.assign(world.app, {
      credentialFacts: () => Promise.reject(new RenewalError('vault-forbidden', 'role missing')),
    });
    expect(await watch()).toEqual([
      { credential, issuers: 'internal', state: 'unreadable', problem: 'vault-forbidden' },
    ]);
  });

  it('keeps what was known of it while its vault is away', async () => {
    world.credentials.set(credential, { enabled: true, expiresAt: inDays(10) });
    await watch();
    const { credentialFacts: read } = world.app;
    Object.assign(world.app, { credentialFacts: () => Promise.reject(new RenewalError('vault-unreachable', 'away')) });
    world.clock.advance(DAY);
    expect(await watch()).toMatchObject([{ state: 'expiring' }]);
    Object.assign(world.app, { credentialFacts: read });
    world.credentials.set(credential, { enabled: true });
    expect(await watch()).toEqual([]);
  });

  it('of which nothing is known yet is no news while its vault is away', async () => {
    Object.assign(world.app, { credentialFacts: () => Promise.reject(new RenewalError('vault-throttled', '429')) });
    expect(await watch()).toEqual([]);
    expect(await world.app.rows.get('credential', credential)).toBeUndefined();
  });

  it('is named with every issuer that uses it, and told of each', async () => {
    const estate = await world.app.estate();
    const { internal } = estate.issuers;
    if (internal === undefined) throw new TypeError('no issuer');
    world.credentials.set(credential, { enabled: true, expiresAt: inDays(5) });
    const told: CredentialExpiry[] = [];
    const both = { ...estate, issuers: { internal, second: internal } };
    expect(await watchCredentials(both, world.app, (one) => void told.push(one))).toMatchObject([
      { issuers: 'internal, second' },
    ]);
    expect(told.map(({ issuer }) => issuer)).toEqual(['internal', 'second']);
    expect(looks).toHaveLength(1);
  });

  it('that webhook targets are told with is watched as well, and named with at most ten of them', async () => {
    const estate = await world.app.estate();
    const [certificate] = estate.certificates;
    if (certificate === undefined) throw new TypeError('no certificate');
    const secret = `${VAULT_URI}/secrets/hook`;
    const hook = (number: number): WebhookTarget => ({
      ...{ kind: 'webhook', id: `webhook:edge-${number}`, name: `edge-${number}`, trust: [] },
      ...{ url: `${VAULT_URI}/secrets/hook-url`, secret },
    });
    const targets = Array.from({ length: 12 }, (_, index) => hook(index));
    const told: CredentialExpiry[] = [];
    world.credentials.set(secret, { enabled: true, expiresAt: inDays(5) });
    const hooked = { ...estate, certificates: [{ ...certificate, targets }] };
    const ten = targets.slice(0, 10).map(({ id }) => id);
    expect(await watchCredentials(hooked, world.app, (one) => void told.push(one))).toEqual([
      { credential: secret, targets: ten.join(', '), state: 'expiring', expiresAt: inDays(5) },
    ]);
    expect(told).toEqual([{ issuer: 'none', credential: secret, expiresAt: inDays(5) }]);
    expect(looks).toEqual([credential, `${VAULT_URI}/secrets/hook-url`, secret]);
  });

  it('is in the report of the sweep', async () => {
    world.credentials.set(credential, { enabled: true, expiresAt: inDays(5) });
    expect((await sweep(world.app)).credentials).toMatchObject([{ credential, state: 'expiring' }]);
  });
});
