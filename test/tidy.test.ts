import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultsTables } from '../docs/faults-table.ts';
import { infraTables } from '../docs/infra-tables.ts';
import { smokeTables } from '../docs/smoke-tables.ts';
import { settings } from '../src/config/settings.ts';
import { fillTables } from '../src/config/tables.ts';
import { outcomes, reasons } from '../src/renewal/outcomes.ts';

const root = resolve(import.meta.dirname, '..');

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));
}

interface Import {
  readonly from: string;
  /** A path inside the project, or a package's name. */
  readonly to: string;
  readonly typeOnly: boolean;
}

const IMPORT = /^(?:import|export)\s+(type\s)?[^'"]*?from\s+['"]([^'"]+)['"]|^import\s+()['"]([^'"]+)['"]/gm;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => {
    const specifier = match[2] ?? match[4] ?? '';
    const to = specifier.startsWith('.') ? relative(root, resolve(root, dirname(file), specifier)) : specifier;
    return { from: file, to, typeOnly: match[1] !== undefined };
  });
}

const all = ['functions', 'src', 'local', 'smoke'].flatMap(sources).flatMap(importsOf);
const show = (found: readonly Import[]) => found.map(({ from, to }) => `${from} → ${to}`);
const inside = (folder: string) => (file: string) => file.startsWith(`${folder}/`);

describe('imports', () => {
  it('keeps the stand out of what is shipped', () => {
    const shipped = all.filter(({ from }) => !inside('local')(from));
    expect(show(shipped.filter(({ to }) => inside('local')(to)))).toEqual([]);
  });

  it('lets the stand import only certificate knowledge and the clock of the app', () => {
    const allowed = (to: string) => inside('src/certificate')(to) || to === 'src/clock.ts';
    const crossing = all.filter(
      ({ from, to }) => inside('local')(from) && (inside('src')(to) || inside('functions')(to)),
    );
    expect(show(crossing.filter(({ to, typeOnly }) => !allowed(to) && !typeOnly))).toEqual([]);
  });

  it('lets npm run smoke know addresses, and of the app what is pure', () => {
    const own = (to: string) => inside('smoke')(to) || to.startsWith('infra/roles/');
    const pure = ['src/certificate/', 'src/plan/estate-file.ts', 'src/targets/handshake.ts', 'src/config/loopback.ts'];
    const strangers = all.filter(
      ({ from, to, typeOnly }) =>
        inside('smoke')(from) &&
        !typeOnly &&
        /^(src|local|functions|infra)\//.test(to) &&
        !own(to) &&
        ![...pure, 'src/azure/arm-id.ts'].some((home) => to.startsWith(home)),
    );
    expect(show(strangers)).toEqual([]);
    expect(show(all.filter(({ from, to }) => inside('src')(from) && inside('smoke')(to)))).toEqual([]);
  });

  it.each([
    ['pkijs', ['src/certificate/', 'local/']],
    ['durable-functions', ['src/renewal/', 'functions/']],
    ['@azure/functions', ['functions/']],
    ['@azure/keyvault-certificates', ['src/vault/']],
    ['@azure/keyvault-keys', ['src/vault/']],
    ['@azure/data-tables', ['src/estate/']],
    ['@azure/core-tracing', ['src/azure/']],
    ['@azure/monitor-query-logs', ['src/monitor/']],
    // Clusters say in YAML where they are, and what their pods mount.
    ['yaml', ['src/plan/', 'smoke/', 'src/targets/kubernetes-']],
  ])('%s has only its own importers', (name, homes) => {
    const strangers = all.filter(
      ({ from, to }) => to === name && inside('local')(from) === false && !homes.some((home) => from.startsWith(home)),
    );
    expect(show(strangers)).toEqual([]);
  });

  it('lets adapters import their own port and certificate knowledge, not each other', () => {
    const adapters = ['src/vault', 'src/issuers', 'src/targets', 'src/journal', 'src/monitor'];
    const crossing = all.filter(({ from, to, typeOnly }) => {
      const home = adapters.find((adapter) => inside(adapter)(from));
      return home !== undefined && !typeOnly && adapters.some((other) => other !== home && inside(other)(to));
    });
    expect(show(crossing)).toEqual([]);
  });

  it('lets nothing but the triggers import functions', () => {
    expect(show(all.filter(({ from, to }) => inside('functions')(to) && !inside('functions')(from)))).toEqual([]);
  });
});

const orchestrators = [
  'src/renewal/renew-certificate.ts',
  'src/renewal/renew-in-vault.ts',
  'src/renewal/gate.ts',
  'src/renewal/await-issue.ts',
  'src/renewal/deploy.ts',
  'src/renewal/deploy-target.ts',
  'src/renewal/group.ts',
  'src/renewal/look-at-group.ts',
  'src/renewal/roll-back.ts',
  'src/renewal/roll-out.ts',
  'src/renewal/rollout-way.ts',
  'src/renewal/stop-rollout.ts',
  'src/renewal/verify-target.ts',
  'src/renewal/version-one/deploy-target.ts',
  'src/renewal/version-one/roll-out.ts',
  'src/renewal/perform.ts',
  'src/renewal/progress.ts',
  'src/renewal/decide-again.ts',
  'src/renewal/heartbeat.ts',
];
const pure = [
  ...orchestrators,
  'src/renewal/story.ts',
  'src/renewal/first-look.ts',
  'src/renewal/pace.ts',
  'src/renewal/tally.ts',
  'src/renewal/outcomes.ts',
  'src/plan/decision.ts',
  'src/plan/due.ts',
  'src/plan/waves.ts',
  'src/errors.ts',
  'src/trace-parent.ts',
];

describe('orchestrators', () => {
  it('import only pure modules and types', () => {
    const effects = all.filter(
      ({ from, to, typeOnly }) => orchestrators.includes(from) && !typeOnly && !pure.includes(to),
    );
    expect(show(effects)).toEqual([]);
  });

  it.each(orchestrators)('%s reads no clock, no randomness and no environment', (file) => {
    const text = readFileSync(join(root, file), 'utf8');
    expect(text).not.toMatch(/Date\.now|new Date\(\)|Math\.random|process\.|setTimeout|async |await [a-z]/);
  });
});

describe('effects', () => {
  const shipped = ['functions', 'src'].flatMap(sources);

  it('come from the clock in one place', () => {
    const readers = shipped.filter((file) => /Date\.now\(|new Date\(\)/.test(readFileSync(join(root, file), 'utf8')));
    expect(readers).toEqual(['src/clock.ts']);
  });

  it('come from the environment in one place', () => {
    const readers = shipped.filter((file) => /process\.env/.test(readFileSync(join(root, file), 'utf8')));
    expect(readers).toEqual(['src/config/load.ts']);
  });

  it('throw no bare Error in what is shipped, nor in what is run against it', () => {
    expect(
      [...shipped, ...sources('smoke')].filter((file) => /new Error\(/.test(readFileSync(join(root, file), 'utf8'))),
    ).toEqual([]);
  });
});

describe('files', () => {
  const every = ['functions', 'src', 'local', 'smoke'].flatMap(sources);

  it('stay readable', () => {
    const long = every.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 400);
    expect(long).toEqual([]);
  });

  /** App Service is a product of Azure, and the only service that a file may be named after. */
  const vague = /(^|[/-])(utils?|helpers?|managers?|services?|misc|common)([-./]|$)/;

  it('have names that say what is in them', () => {
    expect(every.filter((file) => vague.test(file.replaceAll('app-service', '')))).toEqual([]);
  });

  it('export by name', () => {
    expect(every.filter((file) => /^export default/m.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });
});

describe('words', () => {
  const shipped = ['functions', 'src', 'local', 'smoke'].flatMap(sources);

  it('name no type or function vaguely', () => {
    const vague = /(?:class|interface|type|function|const) \w*(?:Manager|Helper|Util|Utils|Impl|Wrapper)\b/;
    expect(shipped.filter((file) => vague.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('say nothing about how the project was made', () => {
    const told = /\/work\/|\/tmp\/|\/root\/|registry\.npmjs|\bTODO\b|\bFIXME\b/;
    const read = [...shipped, 'README.md', 'CHANGELOG.md', 'local/DIVERGENCES.md', 'build.mjs'];
    expect(read.filter((file) => told.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });

  it('explain every reason and outcome in the docs', () => {
    const page = readFileSync(join(root, 'docs/reasons.md'), 'utf8');
    const words = [...Object.keys(reasons), ...Object.keys(outcomes)];
    expect(words.filter((word) => !page.includes(`\`${word}\` `))).toEqual([]);
  });
});

describe('types', () => {
  it('are never any, and nothing is asserted to be there', () => {
    const loose = /(?:: |as |<)any\s*[;,)>\]=|[]|@ts-ignore|@ts-expect-error|[\w)\]]!\.\w|[\w)\]]!;/;
    const every = ['functions', 'src', 'local', 'smoke', 'test']
      .flatMap(sources)
      .filter((file) => file !== 'test/tidy.test.ts');
    expect(every.filter((file) => loose.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });
});

describe('tests', () => {
  it('compare no text with a pattern in toMatchObject, which takes any text for a match', () => {
    const vacuous = /toMatchObject\((?:(?!;\n)[\s\S])*?[{,]\s*[a-z]\w*: \/(?![/*])/;
    const every = sources('test').filter((file) => file !== 'test/tidy.test.ts');
    expect(every.filter((file) => vacuous.test(readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });
});

describe('triggers', () => {
  it.each(sources('functions'))('%s only reads, calls and maps', (file) => {
    const text = readFileSync(join(root, file), 'utf8');
    expect(text.split('\n').length).toBeLessThanOrEqual(80);
    const adapters = importsOf(file).filter(
      ({ to, typeOnly }) =>
        !typeOnly && /^src\/(vault|issuers|targets|journal|plan|certificate|estate|azure)\//.test(to),
    );
    expect(show(adapters)).toEqual([]);
  });
});

describe('settings', () => {
  it('are the same in the table, the sample and the docs', () => {
    const names = Object.values(settings).map(({ name }) => name);
    const sample = readFileSync(join(root, 'local.settings.sample.json'), 'utf8');
    const page = readFileSync(join(root, 'docs/settings.md'), 'utf8');
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
    const named = [sample, page, readme].flatMap((text) => text.match(/PERENNIAL_(?!TEST_)[A-Z_]+[A-Z]/g) ?? []);
    expect(named.filter((name) => !names.some((known) => known === name))).toEqual([]);
  });

  it('stand in generated tables that are up to date', () => {
    const pages = [
      'docs/settings.md',
      'docs/reasons.md',
      'docs/errors.md',
      'docs/faults.md',
      'docs/deploy.md',
      'docs/operations.md',
      'docs/smoke.md',
      'README.md',
    ];
    const stale = pages.filter((page) => {
      const text = readFileSync(join(root, page), 'utf8');
      return fillTables(text, { ...faultsTables, ...infraTables, ...smokeTables }) !== text;
    });
    expect(stale, 'run `npm run docs`').toEqual([]);
  });
});

describe('the README', () => {
  it('fits a sitting', () => {
    expect(readFileSync(join(root, 'README.md'), 'utf8').split('\n').length).toBeLessThanOrEqual(201);
  });
});
