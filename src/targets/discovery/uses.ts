import type { EstateVault } from '../../plan/types.ts';
import type { Found, UseKind } from './found.ts';

/** How a place refers to a certificate. */
export const references = {
  versionless: 'It takes the newest version.',
  incomplete: 'It could be a target, and people have to say more of it than Azure knows; `entry` is the beginning.',
  pinned: 'It names one version, and stays on it.',
  copy: 'Somebody uploaded the certificate; the vault is not asked.',
} as const;
export type ReferenceKind = keyof typeof references;

/** What a use means for the next renewal. */
export const useStates = {
  explained: 'A target of the estate file covers it.',
  discovered: 'It could be a target and is in no estate file; `entry` is what to write there.',
  incomplete: 'It could be a target, and people have to say more of it than Azure knows; `entry` is the beginning.',
  pinned: 'It names one version: a renewal does not reach it.',
  copy: 'The certificate, an older version of it, or another one for its names was uploaded by hand: a renewal does not reach it.',
  claimed: 'The estate file has it as a target of another certificate.',
  guided: 'Perennial deploys nothing to such places: somebody has to see that it takes the new version.',
} as const;
export type UseState = keyof typeof useStates;

/** A place that uses a certificate of the estate's vaults. */
export interface Use {
  readonly kind: UseKind;
  readonly state: UseState;
  readonly resourceId: string;
  readonly detail: string;
  readonly reference: ReferenceKind;
  /** Of a pinned one. */
  readonly version?: string;
  /** Of a copy: whether it is the vault's current version, one before it, or another certificate for the same names. */
  readonly copyOf?: 'current' | 'older' | 'other';
  /** Of a copy of an older version: which one. */
  readonly copiedVersion?: string;
  readonly host?: string;
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Id of the target that covers or claims it. */
  readonly target?: string;
  /** Of a discovered one the target as the estate file would hold it, of an incomplete one what is known of it. */
  readonly entry?: Readonly<Record<string, unknown>>;
}

/** A certificate of one of the estate's vaults. `name` is lower case. */
export interface Referred {
  readonly vault: string;
  readonly name: string;
  readonly version?: string;
}

const SECRET_PATH = /^\/(?:secrets|certificates)\/([0-9A-Za-z-]{1,127})(?:\/([0-9A-Fa-f]{32}))?\/?$/;

/**
 * Which certificate of which vault of the estate a place refers to. The whole host has to be that of the vault: a name that
 * only contains it is another vault. `undefined`: it is none of the estate's vaults, or no certificate by its form.
 */
export function referredTo(
  { reference }: Pick<Found, 'reference'>,
  vaults: readonly EstateVault[],
): Referred | undefined {
  switch (reference.by) {
    case 'secret-url': {
      if (!URL.canParse(reference.url)) return undefined;
      const { protocol, origin, pathname, search, hash, username } = new URL(reference.url);
      const vault = vaults.find(({ uri }) => uri === origin);
      const [, name, version] = SECRET_PATH.exec(pathname) ?? [];
      if (vault === undefined || name === undefined || protocol !== 'https:') return undefined;
      if (search !== '' || hash !== '' || username !== '') return undefined;
      return referred(vault, name, version);
    }
    case 'vault-id': {
      const id = reference.vaultId.replace(/\/$/, '').toLowerCase();
      const vault = vaults.find(({ resourceId }) => resourceId.toLowerCase() === id);
      return vault && referred(vault, reference.name, reference.version);
    }
    case 'vault-name': {
      const name = reference.vaultName.toLowerCase();
      const vault = vaults.find(({ resourceId }) => resourceId.split('/').at(-1)?.toLowerCase() === name);
      return vault && referred(vault, reference.name, reference.version);
    }
    case 'upload':
      return undefined;
    default:
      return reference satisfies never;
  }
}

function referred(vault: EstateVault, name: string, version: string | undefined): Referred {
  const lower = { vault: vault.name, name: name.toLowerCase() };
  return version === undefined ? lower : { ...lower, version: version.toLowerCase() };
}
