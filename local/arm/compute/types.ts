import type { SecretRead } from '../app-service-types.ts';
import type { Bundle } from '../pfx.ts';

/** How a machine's own identity reads `https://{vault}/secrets/{name}`. */
export type ReadMachineSecret = (url: string, machine: string) => Promise<SecretRead>;

export type MachineFault =
  /** The script ends well, but the extension has brought nothing. */
  | 'lies'
  /** The script ends well and the file is there, but the service was not reloaded. */
  | 'no-reload'
  /** The script takes ten minutes. */
  | 'slow'
  /** The script ends with an error of the machine's, and no report. */
  | 'script-fails'
  /** No agent takes the command. */
  | 'no-agent';

/** Where a machine uses a certificate. */
export interface PlaceSeed {
  /** `https://{vault}/secrets/{name}`, without version: what the Key Vault extension observes. */
  readonly secret: string;
  /** Linux: the link that the extension keeps. */
  readonly path?: string;
  /** The unit or Windows service that reads it; absent: the file is read for each connection. */
  readonly service?: string;
  /** Windows: the https binding of IIS. */
  readonly iis?: { readonly port: number; readonly host?: string };
  /** Names that it is served under. */
  readonly hostNames?: readonly string[];
}

export interface MachineSeed {
  /** ARM id of a machine, or of an instance of a uniform scale set. */
  readonly resourceId: string;
  readonly location: string;
  readonly os: 'linux' | 'windows';
  readonly tags?: Readonly<Record<string, string>>;
  readonly places: readonly PlaceSeed[];
  /** Between two reads of the vault by the extension. */
  readonly pollSeconds?: number;
  /** ARM id of the flexible scale set that the machine belongs to. */
  readonly scaleSet?: string;
  /** From a command to its report; 20 where nothing is said. */
  readonly scriptSeconds?: number;
}

/** A version that the extension has fetched. */
export interface Held {
  readonly sha256: string;
  readonly serial: string;
  /** ISO 8601. */
  readonly notAfter: string;
  /** SHA-256 of what the file holds, leaf first. */
  readonly chain: readonly string[];
  readonly bundle: Bundle;
}

export interface Place extends PlaceSeed {
  /** Oldest first. Linux keeps every file, Windows the two newest certificates. */
  held: readonly Held[];
  /** What the link leads to, or the binding names; of a Windows service the newest. */
  current: Held | undefined;
  changedAt: Date;
  /** What the service has read when it began. */
  loaded: Held | undefined;
  runningSince: Date;
}

export interface Extension {
  readonly name: string;
  /** As it was last written. */
  properties: Readonly<Record<string, unknown>>;
  pulledAt: Date | undefined;
}

export type ExecutionState = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'TimedOut' | 'Canceled';

/** A managed run command, as it was last written. */
export interface RunCommand {
  readonly name: string;
  readonly location: string;
  readonly script: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly timeoutSeconds: number;
  readonly isAsync: boolean;
  readonly startedAt: Date;
  readonly cancel: () => void;
  end?: CommandEnd & { readonly at: Date };
}

export interface CommandEnd {
  readonly state: Exclude<ExecutionState, 'Pending' | 'Running'>;
  readonly exitCode: number;
  readonly output: string;
  readonly error: string;
  /** Absent: Azure could not bring the script to the machine. */
  readonly message?: string;
}

export interface Machine {
  readonly resourceId: string;
  readonly name: string;
  readonly location: string;
  readonly os: 'linux' | 'windows';
  readonly tags: Readonly<Record<string, string>>;
  readonly vmId: string;
  readonly pollSeconds: number;
  readonly scaleSet: string | undefined;
  readonly scriptSeconds: number;
  readonly places: readonly Place[];
  readonly faults: Set<MachineFault>;
  /** Names in lower case. */
  readonly extensions: Map<string, Extension>;
  readonly commands: Map<string, RunCommand>;
  power: 'running' | 'deallocated';
}
