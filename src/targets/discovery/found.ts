/** The kinds of places that the discovery knows, whether or not they can be targets. */
export const useKinds = [
  'app-service',
  'app-settings',
  'application-gateway',
  'virtual-machine',
  'scale-set',
  'api-management',
  'container-apps',
  'front-door',
  'service-fabric',
] as const;
export type UseKind = (typeof useKinds)[number];

/** What a place refers to, before it is known whether that is of the estate. */
export type Reference =
  /** A secret of a vault by its URL, as it is written there. */
  | { readonly by: 'secret-url'; readonly url: string }
  /** A secret of a vault by the ARM id of the vault; no `version`: the newest. */
  | { readonly by: 'vault-id'; readonly vaultId: string; readonly name: string; readonly version?: string }
  /** A secret of a vault by the name of the vault, which is the only one of this name in Azure. */
  | { readonly by: 'vault-name'; readonly vaultName: string; readonly name: string; readonly version?: string }
  /** A certificate that somebody uploaded: upper-case hex of its SHA-1, and the DNS names in it, as far as they are told. */
  | { readonly by: 'upload'; readonly thumbprint: string; readonly names: readonly string[] };

/** A place that refers to some certificate, as Azure showed it. */
export interface Found {
  readonly kind: UseKind;
  /** ARM id of what serves or holds it. */
  readonly resourceId: string;
  /** Which part of the resource refers to it, for people. */
  readonly detail: string;
  readonly reference: Reference;
  /** The name it is served under, where the place tells one. */
  readonly host?: string;
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Object and client ids, lower case, of the identities by which the place reads the vault. */
  readonly readers?: readonly string[];
  /** It may refer to any secret: only the name of a certificate tells that it is one. */
  readonly isAnySecret?: true;
  /** The target as an estate file would name it, as far as Azure knows; the file's own schema has still to agree. */
  readonly entry?: Readonly<Record<string, unknown>>;
}

/** A resource as Resource Graph, or a list of Resource Manager, shows it. */
export interface Shown {
  readonly id: string;
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Object and client ids, lower case, of its managed identities. */
  readonly identities: readonly string[];
  /** The row as it came: whoever reads a member checks it. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** Is told of what could not be read, so that nothing is left out without a word. */
export type Complain = (problem: string) => void;

/** How one kind of place is looked for. */
export interface KindLook<Names extends string = string> {
  readonly kind: UseKind;
  /** Queries of Resource Graph: constant texts, into which no name of anybody gets. Each row has an `id`. */
  readonly queries: Readonly<Record<Names, string>>;
  /**
   * What Resource Graph does not hold: the members of a collection under each row of a query, by Resource Manager. Rows beyond
   * `most`, or after five minutes, are not asked for, and that is told.
   */
  readonly listed?: { readonly under: Names; readonly collection: string; readonly most: number };
  /** `listed`: the members of that collection. */
  read(rows: Readonly<Record<Names | 'listed', readonly Shown[]>>, complain: Complain): readonly Found[];
}
