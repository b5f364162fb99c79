/** A part of time; both ends are moments of the app's clock. */
export interface Window {
  readonly from: Date;
  readonly to: Date;
}

/** Key Vault wrote down that it announced an expiry, which it does whether or not anybody is subscribed. */
export interface Announcement {
  /** ARM id of the vault, lower case. */
  readonly resourceId: string;
  /** ISO 8601. */
  readonly at: string;
  readonly certificate: string;
  /** 32 lower-case hex characters. */
  readonly version: string;
}

/** What the log holds of a vault at all. Times are ISO 8601. */
export interface LoggedVault {
  /** ARM id, lower case. */
  readonly resourceId: string;
  readonly firstAt: string;
  readonly lastAt: string;
}

/** A certificate whose secret somebody may have read: the vault's secret of the same name holds the private key. */
export interface SecretRef {
  /** ARM id of the vault. */
  readonly resourceId: string;
  /** URI of the vault, without trailing slash. */
  readonly vault: string;
  readonly name: string;
}

/** Somebody who read it, by one address. Ids are absent where the log has none. */
export interface Reader {
  /** Object id of the caller in Microsoft Entra ID. */
  readonly objectId?: string;
  /** Client id of the application that called, or that a person called with. */
  readonly applicationId?: string;
  /** A person's sign-in name (user principal name). */
  readonly person?: string;
  readonly address: string;
  readonly reads: number;
  /** ISO 8601. */
  readonly firstAt: string;
  readonly lastAt: string;
}

/** Somebody who read a secret of a vault, whatever their addresses. */
export interface SecretCaller {
  /** ARM id of the vault, lower case. */
  readonly resourceId: string;
  /** Of the secret, lower case. */
  readonly name: string;
  readonly objectId?: string;
  readonly applicationId?: string;
  readonly person?: string;
  readonly reads: number;
  /** ISO 8601. */
  readonly lastAt: string;
}

/**
 * The audit log of the estate's vaults, as far as it has come through: lines take up to ten minutes. Throws `RenewalError`
 * with a `log-*` code when it could not look, or not at everything: an answer is never a part of one.
 */
export interface AuditLog {
  /** The newest 1000 of a window, of all vaults, newest first. */
  announcements(window: Window): Promise<readonly Announcement[]>;
  /** Vaults that wrote anything in a window; `resourceId`: of this one vault only. */
  loggedVaults(window: Window, resourceId?: string): Promise<readonly LoggedVault[]>;
  /** The latest readers, each address apart, at most `limit` of them. */
  readers(of: SecretRef, window: Window, limit: number): Promise<readonly Reader[]>;
  /** Who read any secret of any vault, the latest first, at most `limit` of them. */
  secretCallers(window: Window, limit: number): Promise<readonly SecretCaller[]>;
}
