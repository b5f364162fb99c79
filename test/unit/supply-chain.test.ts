import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const read = (file: string): unknown => JSON.parse(readFileSync(resolve(root, file), 'utf8'));

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
}

const { packages } = read('package-lock.json') as { packages: Readonly<Record<string, Locked>> };
const manifest = read('package.json') as Readonly<Record<'dependencies' | 'devDependencies', Record<string, string>>>;
const locked = Object.entries(packages).filter(([path]) => path !== '');
const named = (list: readonly (readonly [string, Locked])[]): readonly string[] => list.map(([path]) => path);

describe('the lock file', () => {
  it('lets no package come from anywhere but the registry that npm is set to', () => {
    expect(locked.length).toBeGreaterThan(100);
    // Packages of git, of a file or of a server of their own keep the address; those of the registry are written without.
    expect(named(locked.filter(([, { resolved }]) => resolved !== undefined))).toEqual([]);
    expect(named(locked.filter(([, { version }]) => !/^\d+\.\d+\.\d+/.test(version ?? '')))).toEqual([]);
  });

  it('knows the hash of every package', () => {
    expect(named(locked.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? '')))).toEqual(
      [],
    );
  });

  it('has no package that is a folder of somebody', () => {
    expect(named(locked.filter(([, { link }]) => link === true))).toEqual([]);
  });

  it('has no package of the app that runs a script when it is installed', () => {
    // The one that has, watches files for the development server on macOS, and is optional.
    const scripts = locked.filter(
      ([path, { hasInstallScript }]) => hasInstallScript === true && !/\/fsevents$/.test(path),
    );
    expect(named(scripts)).toEqual([]);
  });
});

describe('package.json', () => {
  it.each(['dependencies', 'devDependencies'] as const)(
    'pins all %s to one version, the one that is locked',
    (kind) => {
      const loose = Object.entries(manifest[kind]).filter(
        ([name, version]) => !/^\d+\.\d+\.\d+$/.test(version) || packages[`node_modules/${name}`]?.version !== version,
      );
      expect(loose).toEqual([]);
    },
  );
});
