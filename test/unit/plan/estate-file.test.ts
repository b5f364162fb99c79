import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import { estateProblems, readEstate } from '../../../src/plan/estate-file.ts';
import { anEstate, aPlan, aSite } from './build.ts';

const file = readFileSync(new URL('estate.yaml', import.meta.url), 'utf8');

/** The file with one of its texts replaced, all of them at once. */
function edited(...changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new RangeError(`the estate of this test has no ${from}`);
    return text.replace(from, to);
  }, file);
}

const told = (text: string) => estateProblems(text).map(({ line, path, problem }) => `${line} ${path} ${problem}`);

describe('readEstate', () => {
  it('fills in what the file leaves out', () => {
    const estate = readEstate(file, 'estate.yaml');
    expect(estate.vaults[0]).toMatchObject({ name: 'Shop', uri: 'https://shop.vault.azure.net' });
    expect(estate.issuers.ca).toMatchObject({
      chain: [],
      limits: { maxDays: 398, dnsSuffixes: ['contoso.example'] },
    });
    expect(estate.plans.internal).toMatchObject({
      name: 'internal',
      renewAt: { percentOfLife: 66, floorDays: 30 },
      acceptance: { validityDays: 90, minimumDays: 30, maximumDays: 398 },
      rollout: {
        waves: [{ percent: 10 }, { percent: 50 }, { percent: 100 }],
        failureBudget: 0,
        soakSeconds: 0,
        verify: { everySeconds: 30, forSeconds: 900 },
      },
    });
    expect(estate.certificates.map(({ vault, owner }) => [vault, owner])).toEqual([
      ['Shop', 'team@contoso.example'],
      ['Shop', 'other@contoso.example'],
    ]);
  });

  it('knows waves by count, share and tag, each with limits of its own', () => {
    const waves = '[{ count: 1, soakSeconds: 60 }, { tag: { ring: early } }, { percent: 50, failureBudget: 2 }]';
    const text = edited(
      ['    owner: team@contoso.example', `    owner: team@contoso.example\n    rollout: { waves: ${waves} }`],
      ['      - kind: app-service', '      - kind: app-service\n        tags: { ring: early }'],
    );
    expect(readEstate(text, 'estate.yaml').plans.internal?.rollout.waves).toEqual([
      { count: 1, soakSeconds: 60 },
      { tag: { ring: 'early' } },
      { percent: 50, failureBudget: 2 },
    ]);
  });

  it('names targets by site and host and points their probe at the host', () => {
    const [first, second] = readEstate(file, 'estate.yaml').certificates.flatMap(({ targets }) => targets);
    const hostName = 'shop.contoso.example';
    expect(first).toMatchObject({ id: `app-service:shop/blue:${hostName}`, endpoint: { host: hostName, port: 443 } });
    expect(second).toMatchObject({
      id: 'app-service:wild:*.contoso.example',
      endpoint: { host: '127.0.0.1', port: 8443, sni: 'a.contoso.example' },
    });
  });

  it('reads an estate that was written as JSON without changing it', () => {
    const estate = anEstate();
    expect(readEstate(JSON.stringify(estate, null, 2), 'estate.json')).toEqual(estate);
  });

  it('throws one error that lists every problem with its line and its fix', () => {
    const text = edited(['plan: internal', 'plan: outer'], ['https://Shop', 'http://shop']);
    const problems = [
      'line 4, column 10: vaults[0].uri is "http://shop.vault.azure.net/"; write a vault URI like https://contoso.vault.azure.net, without a path',
      'line 27, column 11: certificates[0].plan names no plan of this file; write one of internal, or add it to the file',
    ];
    const message = ['estate estate.yaml: 2 problems:', ...problems.map((line) => `- ${line}`)].join('\n');
    expect(() => readEstate(text, 'estate.yaml')).toThrow(new RenewalError('estate-invalid', message, { problems }));
  });

  it('reads ten thousand certificates', () => {
    const certificates = Array.from({ length: 10_000 }, (_, n) => ({ ...anEstate().certificates[0], name: `c${n}` }));
    const bare = certificates.map(({ targets: _, ...certificate }) => certificate);
    const estate = readEstate(JSON.stringify({ ...anEstate(), certificates: bare }), 'estate.json');
    expect(estate.certificates).toHaveLength(10_000);
  });

  it('ends in an estate or in `estate-invalid`, whatever the text is', () => {
    const junk = fc.oneof(fc.string(), fc.json(), mutations());
    fc.assert(
      fc.property(junk, (text) => {
        const problems = estateProblems(text);
        expect(problems.every(({ line, column }) => line >= 1 && column >= 1)).toBe(true);
        if (problems.length > 0) expect(() => readEstate(text, 'x')).toThrow(RenewalError);
        else expect(readEstate(text, 'x').schema).toBe(1);
      }),
      { numRuns: 300 },
    );
  });
});

function mutations(): fc.Arbitrary<string> {
  const place = fc.integer({ min: 0, max: file.length });
  return fc
    .tuple(place, fc.integer({ min: 0, max: 20 }), fc.string({ maxLength: 5 }))
    .map(([at, cut, put]) => file.slice(0, at) + put + file.slice(at + cut));
}

describe('estateProblems', () => {
  const tls = 'name: TLS';
  const plan = 'owner: team@contoso.example';
  const site = '/providers/Microsoft.Web/sites/Shop/slots/Blue';
  const cases: [string, string, string][] = [
    ['an empty file', '', '1  is empty'],
    ['a file that is a list', '- a', '1  is a list'],
    ['a missing vault list', 'issuers: {}\nplans: {}\ncertificates: []\n', '1 vaults is missing'],
    ['an unknown key at the top', `${file}extra: 1\n`, '43 extra is no known key'],
    [
      'an unknown key in a plan',
      edited([plan, `${plan}\n    renewat: {}`]),
      '23 plans.internal.renewat is no known key',
    ],
    ['a key that is there twice', edited([plan, `${plan}\n    issuer: ca`]), '23  has a key that is there twice'],
    ['a key of JavaScript', edited([plan, `${plan}\n    __proto__: {}`]), '23  has a key that is no plain word'],
    ['a list as a key', edited([plan, `${plan}\n    ? [a]\n    : b`]), '23  has a key that is no plain word'],
    ['another schema', `schema: 2\n${file}`, '1 schema is 2'],
    [
      'an unknown issuer',
      edited(['issuer: ca', 'issuer: other']),
      '21 plans.internal.issuer names no issuer of this file',
    ],
    ['an unknown kind of issuer', edited(['vault-ca', 'fax']), '9 issuers.ca.kind is "fax"'],
    [
      'an unknown vault',
      edited(['vault: shop', 'vault: stop']),
      '25 certificates[0].vault names no vault of this file',
    ],
    ['a name that Key Vault refuses', edited([tls, 'name: a_b']), '26 certificates[0].name is "a_b"'],
    ['a number where a name is meant', edited([tls, 'name: 12']), '26 certificates[0].name is 12'],
    [
      'a certificate twice',
      edited([tls, 'name: WILD']),
      '34 certificates[1].name is the certificate that certificates[0] is already',
    ],
    [
      'a percent out of range',
      edited([plan, `${plan}\n    renewAt: { percentOfLife: 96 }`]),
      '23 plans.internal.renewAt.percentOfLife is 96',
    ],
    [
      'a floor that is no number',
      edited([plan, `${plan}\n    renewAt: { floorDays: 1.5 }`]),
      '23 plans.internal.renewAt.floorDays is 1.5',
    ],
    [
      'a minimum above the validity',
      edited([plan, `${plan}\n    acceptance: { validityDays: 20 }`]),
      '23 plans.internal.acceptance.minimumDays is 30, more than validityDays',
    ],
    [
      'a validity above the maximum',
      edited([plan, `${plan}\n    acceptance: { validityDays: 90, maximumDays: 60 }`]),
      '23 plans.internal.acceptance.validityDays is 90, more than maximumDays',
    ],
    [
      'a validity above the issuer’s',
      edited(['      dnsSuffixes', '      maxDays: 60\n      dnsSuffixes']),
      '21 plans.internal.acceptance.validityDays is 90, more than issuer ca gives',
    ],
    [
      'keys that the issuer does not take',
      edited(
        ['      dnsSuffixes', '      keys: [P-256]\n      dnsSuffixes'],
        [plan, `${plan}\n    acceptance: { keys: [RSA-2048] }`],
      ),
      '24 plans.internal.acceptance.keys has no key type that issuer ca takes',
    ],
    [
      'an unknown key type',
      edited([plan, `${plan}\n    acceptance: { keys: [RSA-1024] }`]),
      '23 plans.internal.acceptance.keys[0] is "RSA-1024"',
    ],
    [
      'waves that do not ascend',
      edited([plan, `${plan}\n    rollout: { wavePercent: [50, 50, 100] }`]),
      '23 plans.internal.rollout.wavePercent is [50, 50, 100]',
    ],
    [
      'waves that leave targets out',
      edited([plan, `${plan}\n    rollout: { wavePercent: [50] }`]),
      '23 plans.internal.rollout.wavePercent is [50]',
    ],
    [
      'waves beside their shorthand',
      edited([plan, `${plan}\n    rollout: { wavePercent: [100], waves: [{ count: 1 }] }`]),
      '23 plans.internal.rollout.wavePercent is there beside waves',
    ],
    [
      'a wave of two kinds',
      edited([plan, `${plan}\n    rollout: { waves: [{ count: 1, percent: 50 }] }`]),
      '23 plans.internal.rollout.waves[0] has count and percent',
    ],
    [
      'a wave of no kind',
      edited([plan, `${plan}\n    rollout: { waves: [{ soakSeconds: 5 }] }`]),
      '23 plans.internal.rollout.waves[0] names no targets',
    ],
    [
      'a wave by no tag',
      edited([plan, `${plan}\n    rollout: { waves: [{ tag: {} }] }`]),
      '23 plans.internal.rollout.waves[0].tag is empty',
    ],
    [
      'a share that is reached already',
      edited([plan, `${plan}\n    rollout: { waves: [{ percent: 50 }, { count: 1 }, { percent: 50 }] }`]),
      '23 plans.internal.rollout.waves[2].percent is 50, no more than 50 before it',
    ],
    [
      'a tag that no target has',
      edited([plan, `${plan}\n    rollout: { waves: [{ tag: { ring: canary } }] }`]),
      '23 plans.internal.rollout.waves[0].tag is {ring: canary}, which no target of this plan has',
    ],
    [
      'a pause between probes that is too long',
      edited([plan, `${plan}\n    rollout: { verify: { forSeconds: 10 } }`]),
      '23 plans.internal.rollout.verify.everySeconds is 30, more than forSeconds',
    ],
    [
      'a vault URI with a path',
      edited(['vault.azure.net/', 'vault.azure.net/x']),
      '4 vaults[0].uri is "https://Shop.vault.azure.net/x"',
    ],
    [
      'the ARM id of another vault',
      edited(['vaults/shop', 'vaults/stop']),
      '5 vaults[0].resourceId is the ARM id of another vault than Shop',
    ],
    [
      'an ARM id that is none',
      edited(['/subscriptions', 'subscriptions']),
      '5 vaults[0].resourceId is "subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/web/providers/Microsoft.KeyVault/vaults/shop"',
    ],
    [
      'a site that is none',
      edited([site, '/providers/Microsoft.Web/serverFarms/Shop']),
      `30 certificates[0].targets[0].site is "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/web/providers/Microsoft.Web/serverFarms/Shop"`,
    ],
    [
      'a host name with an underscore',
      edited(['hostName: Shop.', 'hostName: sh_op.']),
      '32 certificates[0].targets[0].hostName is "sh_op.contoso.example"',
    ],
    [
      'an address as SNI',
      edited(['sni: a.contoso.example', 'sni: 127.0.0.1']),
      '42 certificates[1].targets[0].endpoint.sni is "127.0.0.1"',
    ],
    [
      'a wildcard without an endpoint',
      edited(['host: 127.0.0.1, ', '']),
      '42 certificates[1].targets[0].endpoint lacks host or sni, which a wildcard cannot give',
    ],
    ['a port out of range', edited(['8443', '65536']), '42 certificates[1].targets[0].endpoint.port is 65536'],
    [
      'an unknown kind of target',
      edited(['kind: app-service', 'kind: toaster']),
      '29 certificates[0].targets[0].kind is "toaster"',
    ],
    [
      'a root that is no PEM block',
      edited(['BEGIN CERTIFICATE', 'BEGIN PRIVATE KEY']),
      '12 issuers.ca.roots[0] is a text of 59 characters',
    ],
    [
      'a CA certificate that is no id',
      edited(['/certificates/perennial-ca', '/keys/ca']),
      '10 issuers.ca.certificate is "https://trust.vault.azure.net/keys/ca"',
    ],
    [
      'a DNS suffix with a wildcard',
      edited(['[Contoso.example]', '["*.contoso.example"]']),
      '17 issuers.ca.limits.dnsSuffixes[0] is "*.contoso.example"',
    ],
    [
      'a plan name with a space',
      edited(['  internal:', '  in ternal:']),
      '20 plans.in ternal has a name that is not allowed',
    ],
    ['an owner that is empty', edited([plan, 'owner: ""']), '22 plans.internal.owner is ""'],
  ];
  it.each(cases)('tells of %s', (_title, text, expected) => {
    expect(told(text)).toContain(expected);
  });

  it('tells of a target that is there twice', () => {
    const [certificate] = anEstate().certificates;
    const estate = anEstate({ certificates: [{ ...certificate, targets: [aSite(), aSite()] }] as never });
    expect(told(JSON.stringify(estate))).toEqual([
      '1 certificates[0].targets[1].kind is the target that certificates[0].targets[0] is already',
    ]);
  });

  it('tells of a target that two certificates of two plans claim', () => {
    const [certificate] = anEstate().certificates;
    const other = { ...certificate, name: 'other', plan: 'second', targets: [aSite()] };
    const plans = { internal: aPlan(), second: aPlan({ name: 'second' }) };
    const estate = anEstate({ plans, certificates: [{ ...certificate, targets: [aSite()] }, other] as never });
    expect(told(JSON.stringify(estate))).toEqual([
      '1 certificates[1].targets[0].kind is the target that certificates[0].targets[0] is already',
    ]);
  });

  it('tells of ids that do not follow from their parts', () => {
    const [certificate] = anEstate().certificates;
    const estate = anEstate({
      plans: { internal: aPlan({ name: 'other' }) },
      certificates: [{ ...certificate, targets: [aSite({ id: 'x' })] }] as never,
    });
    expect(told(JSON.stringify(estate))).toEqual([
      '1 plans.internal.name is not internal',
      '1 certificates[0].targets[0].id does not follow from site and hostName',
    ]);
  });

  it('tells of a rollout that rests longer than its targets wait', () => {
    const slow = aPlan({ rollout: { ...aPlan().rollout, soakSeconds: 100_000 } });
    const two = [aSite(), aSite({ hostName: 'b.contoso.example', id: 'app-service:shop:b.contoso.example' })];
    const [certificate] = anEstate().certificates;
    const estate = (targets: readonly unknown[]) =>
      JSON.stringify(anEstate({ plans: { internal: slow }, certificates: [{ ...certificate, targets }] as never }));
    expect(told(estate(two))).toEqual([expect.stringMatching(/certificates\[0\].plan rests 100000 s/)]);
    expect(told(estate([aSite()]))).toEqual([]);
  });

  it('tells of two vaults that are one', () => {
    const [vault] = anEstate().vaults;
    const again = { ...vault, name: 'SHOP', uri: 'https://SHOP.vault.azure.net:443/' };
    const text = JSON.stringify({ ...anEstate(), vaults: [vault, again] });
    expect(told(text).map((line) => line.replace(/ that .*/, ''))).toEqual([
      '1 vaults[1].name names the vault',
      '1 vaults[1].uri is the URI',
      '1 vaults[1].resourceId is the ARM id',
    ]);
  });

  it('tells of mistakes in different entries together', () => {
    const text = edited(
      ['name: TLS', 'name: T_L'],
      ['plan: internal', 'plan: gone'],
      ['owner: team@contoso.example', 'acceptance: { validityDays: 20, x: 1 }'],
      ['kind: vault-ca', 'kind: vault-ca\n    nonsense: 1'],
    );
    expect(told(text)).toEqual([
      '10 issuers.ca.nonsense is no known key',
      '21 plans.internal.owner is missing',
      '23 plans.internal.acceptance.x is no known key',
      '27 certificates[0].name is "T_L"',
      '28 certificates[0].plan names no plan of this file',
    ]);
  });

  const broken: [string, string, RegExp][] = [
    ['a bracket that is left open', 'vaults: [', /^1 {2}is no valid YAML/],
    ['two documents', `${file}\n---\na: 1\n`, /is no valid YAML/],
    ['an alias without its anchor', 'vaults: *none\n', /cannot be read/],
    ['a tab for a blank', 'vaults:\n\t- a\n', /^2 {2}is no valid YAML/],
  ];
  it.each(broken)('tells only of the syntax when there is %s', (_title, text, expected) => {
    const problems = told(text);
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems) expect(problem).toMatch(/YAML|cannot be read/);
    expect(problems[0]).toMatch(expected);
  });

  it('does not unfold a bomb of aliases', () => {
    const levels = Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(9)}*a${n}]`);
    const [problem] = estateProblems(`a0: &a0 [x]\n${levels.join('\n')}\n`);
    expect(problem?.problem).toMatch(/cannot be read/);
  });

  it.each(['- ', '[', '{a: ', '? '])('refuses a file that only opens %j, ever deeper', (opening) => {
    for (const depth of [3000, 20_000]) {
      const problems = told(`schema: 1\nvaults:\n  ${opening.repeat(depth)}`);
      expect(problems.length).toBeGreaterThan(0);
      expect(problems[0]).toMatch(/nested too deeply|no valid YAML/);
    }
  });

  it('refuses a file of more than 16 MiB unread', () => {
    expect(told(' '.repeat(16 * 1024 * 1024 + 1))).toEqual(['1  is larger than 16 MiB']);
  });

  it('never repeats what may be a key', () => {
    const secret = 'MC4CAQAwBQYDK2VwBCIEIA'.repeat(8);
    const pasted = edited(['        MIIB\n', `        ${secret}\n`], ['BEGIN CERTIFICATE', 'BEGIN PRIVATE KEY']);
    expect(JSON.stringify(estateProblems(pasted))).not.toContain(secret.slice(0, 20));
  });
});
