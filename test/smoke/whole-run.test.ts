import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import rights from '../../smoke/rights.json' with { type: 'json' };
import { type Rule, rules } from '../../smoke/rules.ts';
import { openSmokeBench, others, type SmokeBench } from './smoke-bench.ts';

let bench: SmokeBench;
beforeAll(async () => {
  bench = await openSmokeBench(31);
});
afterAll(() => bench.close());

/** What the stand lacks, and what only a person finds out. */
const blind = Object.entries<Rule>(rules)
  .filter(([, { standLacks, person }]) => standLacks !== undefined || person === true)
  .map(([id]) => [id, 'could-not-look', undefined]);

describe('npm run smoke against the stand', () => {
  let said = '';

  it('passes everything that the stand can show, and ends with 0', async () => {
    const program = bench.start();
    const code = await program.ended;
    said = program.lines.join('\n');
    expect(others(await bench.report()), said).toEqual(blind);
    expect(code, said).toBe(0);
  });

  it('renewed by the event of the vault, and looked at what was served', async () => {
    const { checks } = await bench.report();
    const saw = (id: string) => checks.find((one) => one.id === id)?.saw;
    expect(saw('event.near-expiry')).toBe('near-expiry-event');
    expect(saw('served.new')).toBe('the new version');
  });

  it('leaves nothing behind: estate file, site, vault and ledger are as before', async () => {
    expect(await bench.leftovers()).toEqual([]);
    const { undone } = await bench.report();
    expect(undone.length).toBeGreaterThan(8);
    expect(undone.filter(({ state }) => state !== 'undone')).toEqual([]);
  });

  it('tells no key, no token and no secret', async () => {
    const secrets = [bench.app.keys.function, bench.app.keys.master, bench.environment.IDENTITY_HEADER ?? ''];
    const told = `${said}\n${JSON.stringify(await bench.report())}`;
    expect(secrets.filter((secret) => secret === '' || told.includes(secret))).toEqual([]);
    expect(told).not.toMatch(/eyJ[\w-]{10}|Bearer |PRIVATE KEY|[?&](sig|code)=/);
  });

  it('needs the rights that the documentation asks for, and no others', () => {
    const asked = bench.stand.cloud.identity.demands.filter(({ principal }) => principal === 'person');
    expect(asked.filter(({ granted }) => !granted)).toEqual([]);
    const used = new Set(asked.map(({ action }) => action));
    const places = ['the vault', 'the group of the site and its plan', 'the config container'];
    const given = rights
      .filter(({ where }) => places.includes(where))
      .flatMap(({ actions, dataActions }) => [...actions, ...dataActions]);
    expect(given.filter((action) => !used.has(action))).toEqual([]);
  });
});

describe('npm run smoke -- --look-only', () => {
  async function look() {
    const code = await bench.start('--look-only').ended;
    const differed = others(await bench.report()).filter(([, verdict]) => verdict === 'differed');
    return { code, differed };
  }

  it('makes nothing', async () => {
    expect(await look()).toEqual({ code: 0, differed: [] });
    expect(await bench.leftovers()).toEqual([]);
  });

  it('names the vault whose subscription is gone', async () => {
    const { events } = bench.stand.cloud;
    const subscription = events.subscriptions().find(({ name }) => name === 'perennial-2');
    if (subscription === undefined) throw new TypeError('the stand has no second subscription');
    events.unsubscribe(subscription.name);
    const [, second] = bench.stand.estate.vaultNames;
    expect(await look()).toEqual({
      code: 1,
      differed: [
        [
          'events.subscriptions',
          'differed',
          `${second}: no subscription of ${second}-perennial delivers to the function`,
        ],
      ],
    });
    await events.subscribe(subscription);
  });

  it.each(['certificate-renewer', 'app-service-deployer', 'log-reader'])(
    'names the role that is gone: %s',
    async (role) => {
      const giveBack = bench.stand.cloud.removeRole(role);
      const { code, differed } = await look();
      giveBack();
      expect(code).toBe(1);
      expect(differed).toEqual([
        [expect.stringMatching(/^roles\./), 'differed', expect.stringContaining(`missing: ${role} at `)],
      ]);
    },
  );

  it('names a role too many', async () => {
    const { identity, principals, where } = bench.stand.cloud;
    const actions = ['Microsoft.KeyVault/vaults/secrets/getSecret/action'];
    const given = identity.assign(principals.renewer.id, { scope: where.vaults[0] ?? '', actions });
    const { code, differed } = await look();
    identity.revoke(given);
    expect(code).toBe(1);
    expect(differed).toEqual([['roles.renewer', 'differed', expect.stringMatching(/^besides: .*getSecret/)]]);
  });
});

describe('a command line that cannot be followed', () => {
  it.each([
    [
      ['--vault', 'kv-elsewhere'],
      /--vault \(SMOKE_VAULT\) "kv-elsewhere": the deployment does not wire it; write one of/,
    ],
    [['--issuer', 'nobody'], /--issuer \(SMOKE_ISSUER\): the estate file has internal; write one of them/],
    [['--host-name', 'www.example.org'], /"www\.example\.org": internal signs for .*; write a name below/],
    [
      ['--estate-url', 'https://127.0.0.1:1/config/estate.yaml'],
      /^estate file: .*no answer: .*; name its blob with --estate-url/m,
    ],
    [['--app-url', 'http://127.0.0.1:1'], /^--app-url: .*no answer: .*; name where the app answers/m],
  ])('%j ends with 2 before anything is made', async (args, problem) => {
    const program = bench.start(...args);
    expect(await program.ended).toBe(2);
    expect(program.lines.join('\n')).toMatch(problem);
    expect(await bench.leftovers()).toEqual([]);
  });
});
