import { readRenewalId, readRenewalRequest } from '../../../src/api/renewal-request.ts';
import { readSettings } from '../../../src/config/read-settings.ts';
import { settings } from '../../../src/config/settings.ts';
import { certificateShape, orderShape, pack, unpack } from '../../../src/estate/entity.ts';
import { createMemoryEstate } from '../../../src/estate/memory.ts';
import { createMemoryJournal } from '../../../src/journal/memory.ts';
import { lineOf, linkRecord, readChain } from '../../../src/journal/record.ts';
import { readEstate } from '../../../src/plan/estate-file.ts';
import type { StartDependencies } from '../../../src/renewal/start.ts';
import { takeEvent } from '../../../src/renewal/take-event.ts';
import { rootPem } from '../corpus.ts';
import { bytesOf, type Entry, FindError, textOf } from '../entry.ts';
import { type Chance, mutated } from '../mutate.ts';
import { mutatedJson, oddText } from '../mutate-json.ts';

const OBJECT_ID = `https://shop.vault.azure.net/certificates/tls/${'a'.repeat(32)}`;
const TOPIC =
  '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/web/providers/Microsoft.KeyVault/vaults/shop';
const data = {
  Id: OBJECT_ID,
  VaultName: 'shop',
  ObjectType: 'Certificate',
  'ObjectName ': 'tls',
  Version: 'a'.repeat(32),
  EXP: 1_800_000_000,
};
const common = { id: '4f8b4b3a-0000-4000-8000-000000000001', subject: 'tls', data };
const gridEvent = JSON.stringify({
  ...common,
  topic: TOPIC,
  eventType: 'Microsoft.KeyVault.CertificateNearExpiry',
  eventTime: '2026-03-01T00:00:00Z',
  dataVersion: '1',
  metadataVersion: '1',
});
const cloudEvent = JSON.stringify({
  ...common,
  source: TOPIC,
  type: 'Microsoft.KeyVault.CertificateExpired',
  time: '2026-03-01T00:00:00Z',
  specversion: '1.0',
});

/** An event of any content is taken: what cannot be used is parked. A throw would bring it again for a day. */
const event: Entry = {
  name: 'event',
  share: 14,
  make: (chance) => mutatedJson(chance, [gridEvent, cloudEvent]),
  async run(input) {
    const read = parsed(textOf(input));
    if (read === undefined) return;
    const taken = await takeEvent(read.value, eventWorld());
    const known = ['ignored', 'parked', 'refused'];
    if (!known.includes(taken.state)) throw new FindError(`an event of a vault outside the estate is ${taken.state}`);
  },
};

const body: Entry = {
  name: 'body',
  share: 10,
  make: (chance) =>
    mutatedJson(chance, [JSON.stringify({ vault: 'contoso', certificate: 'shop', force: true, comment: 'why' })]),
  run(input) {
    const text = textOf(input);
    const read = readRenewalRequest({ contentType: 'application/json; charset=utf-8', body: text });
    readRenewalRequest({ contentType: text, body: text });
    if (read.state === 'read' && !/^[0-9A-Za-z-]{1,127}$/.test(read.value.certificate)) {
      throw new FindError('a name passes that is none');
    }
  },
};

const id: Entry = {
  name: 'id',
  share: 4,
  make: (chance) =>
    `${chance.happens(50) ? 'contoso-shop-' : ''}${oddText(chance)}${chance.happens(20) ? oddText(chance) : ''}`,
  run(input) {
    const read = readRenewalId(textOf(input));
    if (read.state === 'read' && encodeURIComponent(read.value) !== read.value)
      throw new FindError('an id needs encoding');
  },
};

const estateText = `schema: 1
vaults:
  - { name: shop, uri: https://shop.vault.azure.net, resourceId: ${TOPIC} }
issuers:
  internal: &internal
    kind: vault-ca
    certificate: https://shop.vault.azure.net/certificates/ca
    roots:
      - |
${rootPem.replace(/^(?=.)/gm, '        ')}
    limits: { maxDays: 90, keys: [P-256], dnsSuffixes: [contoso.example] }
plans:
  web:
    issuer: internal
    owner: team-web # whoever that is
    rollout: { wavePercent: [10, 100], verify: { everySeconds: 30 } }
certificates:
  - vault: shop
    name: tls
    plan: web
    targets:
      - kind: app-service
        site: /subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/web/providers/Microsoft.Web/sites/shop
        certificateResource: shop
        hostName: "*.contoso.example"
        endpoint: { host: 203.0.113.4, port: 443, sni: shop.contoso.example }
`;

const estate: Entry = {
  name: 'estate',
  share: 6,
  make: (chance) => (chance.happens(15) ? yamlOf(chance) : mutated(chance, [Buffer.from(estateText)]).toString()),
  run: (input) => void readEstate(textOf(input), 'a file'),
};

/** What YAML has besides the plain: anchors, aliases, tags, merges, documents, odd keys. */
function yamlOf(chance: Chance): string {
  const pieces = Array.from({ length: 1 + chance.below(12) }, () =>
    chance.pick([
      ...[
        '&a ',
        '*a',
        '*a ',
        '!!binary ',
        '!!js/function ',
        '<<: ',
        '? ',
        '- ',
        '---\n',
        '...\n',
        '%YAML 1.2\n',
        '|\n',
        '>-\n',
      ],
      ...[
        '{',
        '}',
        '[',
        ']',
        ': ',
        '\n',
        '  ',
        '\t',
        '#',
        'a: ',
        'vaults: ',
        'plans: ',
        '"',
        "'",
        '&b [*a,*a,*a,*a]\n',
      ],
      oddText(chance),
    ] as const),
  );
  return pieces.join('');
}

/** Settings come as text; a portal lets anything be written into them. */
const setting: Entry = {
  name: 'setting',
  share: 8,
  make: (chance) => {
    const honest: Record<string, string> = Object.fromEntries(
      Object.values(settings).map(({ name, example }) => [name, example]),
    );
    const { PERENNIAL_STORAGE_CONNECTION: _, ...azure } = honest;
    return mutatedJson(chance, [JSON.stringify(azure), JSON.stringify(honest)]);
  },
  run(input) {
    const read = parsed(textOf(input));
    if (!isGroup(read?.value)) return;
    readSettings(
      Object.fromEntries(
        Object.entries(read.value).map(([name, value]) => [name, String(JSON.stringify(value)).replace(/^"|"$/g, '')]),
      ),
    );
  },
};

const chainId = 'contoso-shop-abcdefghijklmnop';
const chainLines = ((): readonly string[] => {
  const lines: string[] = [];
  for (const key of ['start:1', 'submit:1', 'merge:1']) {
    const at = '2026-03-01T00:00:00.000Z';
    const last = readChain(chainId, lines.join('')).at(-1);
    lines.push(lineOf(linkRecord(chainId, { key, at, kind: 'result', step: 'merge', facts: { count: 1 } }, last)));
  }
  return lines;
})();

const journal: Entry = {
  name: 'journal',
  share: 8,
  make: (chance) =>
    chance.happens(50)
      ? mutated(chance, [Buffer.from(chainLines.join(''))])
      : `${mutatedJson(chance, [chainLines[0] ?? ''])}\n`,
  run(input) {
    const text = textOf(input);
    const chain = readChain(chainId, text);
    if (chain.map(lineOf).join('') !== text)
      throw new FindError('a chain is read that is not the one that was written');
  },
};

const rows: readonly [string, ...string[]] = [
  JSON.stringify(
    pack({ vault: 'shop', name: 'tls', plan: 'web', owner: 'team', state: 'idle', attempt: 1, failedAttempts: 0 }),
  ),
  JSON.stringify(
    pack({
      ...{ renewalId: chainId, vault: 'shop', name: 'tls', issuer: 'internal', csrSha256: 'ab', requestId: 'r' },
      ...{ state: 'issued', chain: ['MIIB', 'x'.repeat(40_000)], createdAt: '2026-03-01T00:00:00Z' },
    }),
  ),
];

/** A row that is not as it was packed is our own mistake, and has the code of one. */
const row: Entry = {
  name: 'row',
  share: 4,
  mayBeBug: true,
  make: (chance) => mutatedJson(chance, rows),
  run(input) {
    const read = parsed(bytesOf(input).toString());
    if (!isGroup(read?.value)) return;
    unpack(certificateShape, read.value);
    unpack(orderShape, read.value);
  },
};

export const textEntries: readonly Entry[] = [event, body, id, estate, setting, journal, row];

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // The host answers for what is no JSON at all; the app never sees it.
    return undefined;
  }
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An app whose estate is empty: whatever an event says, nothing may be asked and nothing started. */
function eventWorld(): StartDependencies {
  const forbidden = (): never => {
    throw new FindError('an event reached out');
  };
  const untouched = new Proxy({}, { get: forbidden }) as never;
  return {
    clock: { now: () => new Date('2026-03-01T00:00:00Z') },
    estate: async () => ({ schema: 1, vaults: [], issuers: {}, plans: {}, certificates: [] }),
    vault: untouched,
    store: createMemoryEstate(),
    journal: createMemoryJournal(),
    issuer: forbidden,
    target: forbidden,
    orchestrations: untouched,
    rows: untouched,
    lease: { hold: async () => ({ state: 'held' }) },
    startsPerVault: 1,
    credentialFacts: forbidden,
  };
}
