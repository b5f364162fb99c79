import type { Bundle } from '../arm/pfx.ts';
import type { WorkloadResource } from './objects.ts';

/** What an identity of the driver finds when it reads a vault's secret, by the vault's name. */
export type VaultRead = (
  vault: string,
  name: string,
) => Promise<{ readonly version: string; readonly contentType: string; readonly value: string } | undefined>;

/** Passing troubles: each stays in force until it is taken back. */
export type ClusterFault =
  /** An ingress goes on with the certificate that it has, also in new pods. */
  | 'k8s.cache'
  /** The next patch finds that somebody else was first. */
  | 'k8s.409'
  /** An admission webhook refuses every change. */
  | 'k8s.denied'
  /** New pods never get ready. */
  | 'k8s.stuck'
  /** The driver does not poll. */
  | 'csi.stuck';

/** An application that serves a certificate: how it comes by it. */
export interface Application {
  /** `volume`: the driver's files. `secret`: the Secret of `secretName`, which another pod may keep alive. */
  readonly from: 'volume' | 'secret';
  /** `start`: read once, when a pod starts. `reload`: read again when it changes. */
  readonly reads: 'start' | 'reload';
  readonly secretProviderClass: string;
  readonly secretName?: string;
}

export interface WorkloadSeed {
  readonly resource: WorkloadResource;
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  readonly application: Application;
  /** Put over the specification that follows from the rest. */
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** A version that the driver has put into a pod's volume. */
export interface MountedObject {
  /** `secret/shop`. */
  readonly id: string;
  readonly version: string;
  /** Name of the file: the alias, or the object's own. */
  readonly file: string;
  /** Absent: it is no PKCS#12 file. */
  readonly bundle?: Bundle;
}

export interface Pod {
  readonly name: string;
  readonly namespace: string;
  readonly owner: string;
  /** The template that it was made of. */
  readonly template: string;
  readonly application: Application;
  /** Of the volumes that it mounts. */
  readonly classes: readonly string[];
  readonly mounted: Map<string, readonly MountedObject[]>;
  ready: boolean;
  /** What the process serves. */
  loaded: Bundle | undefined;
}
