import { isIP } from 'node:net';
import { z } from 'zod';
import type { KeyType } from '../../certificate/types.ts';
import { isHostName } from '../host-names.ts';
import type { Finding } from '../problem.ts';
import { checked, group, hostName, whole, word } from '../schema-parts.ts';

/** Where a probe connects to, and the name it asks for (SNI). */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly sni: string;
}

/** What every target has, whatever its kind. */
export interface CommonTarget {
  /** Unique within the estate and lower case; it begins with the kind. */
  readonly id: string;
  /** Where it is probed from outside. A kind whose targets need not listen may leave it out. */
  readonly endpoint?: Endpoint | undefined;
  /** What waves can choose it by. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Within how many hours it takes a new version by itself, where that differs from its kind's. */
  readonly pullWindowHours?: number | undefined;
}

/** What is known of a kind of target before anything is asked of Azure. */
export interface TargetFacts {
  /** `push`: changes when we change it. `pull`: takes the newest version by itself within its pull window. */
  readonly control: 'push' | 'pull';
  /** Within how many hours it takes a new version by itself; absent: never. */
  readonly pullWindowHours?: number;
  /** How long a rolled back target stays on the old version. */
  readonly rollBack: 'yes' | 'until-next-pull' | 'no';
  readonly takes: {
    /** Certificates of a CA that only this organisation trusts. `some`: only the target itself can tell. */
    readonly privateCa: 'yes' | 'no' | 'some';
    readonly keys: readonly KeyType[];
    /** Certificates whose key may not be exported from the vault. */
    readonly nonExportable: boolean;
  };
}

/** What the plan knows of a kind of target. `F`: a target as it is written in the estate file. */
export interface TargetKind<F> {
  readonly facts: TargetFacts;
  /** Lower case, made of what the target is, so that it is the same however the file is written. */
  idOf(file: F): string;
  /** Of which members the id is made: for people whose id does not follow from them. */
  readonly idFrom: string;
  /** With its defaults filled in; absent: it is not probed from outside. */
  endpointOf(file: F): Endpoint | undefined;
  /** What no schema can tell of a single target; paths begin at the target. */
  findings?(file: F): readonly Finding[];
}

/** What targets are told apart by, and chosen by. */
export const tagsByName = z.record(
  word(/^[0-9A-Za-z][\w.-]{0,62}$/, 'a tag name: 1 to 63 letters, digits, _ . -'),
  tagValue(),
  { error: 'tags by name' },
);

/** Members that every kind's schema has. */
export const common = {
  id: z.string({ error: 'no id: it follows from the other keys' }).optional(),
  tags: tagsByName.optional(),
  pullWindowHours: whole(1, 168).optional(),
};

/** Where a target without a host name of its own is probed. */
export const endpoint = group({
  host: checked(isHost, 'a DNS host name or an IP address'),
  port: whole(1, 65_535).default(443),
  sni: hostName.optional(),
});

/** `sni` follows from a host that is a name. */
export function endpointWithSni(
  given: { readonly host: string; readonly port: number; readonly sni?: string | undefined } | undefined,
): Endpoint | undefined {
  return given && { host: given.host, port: given.port, sni: given.sni ?? given.host };
}

/** An address has no name that a certificate could be asked for by. */
export function endpointFindings({
  endpoint: given,
}: {
  readonly endpoint?: { readonly host: string; readonly sni?: string | undefined } | undefined;
}): readonly Finding[] {
  if (given === undefined || given.sni !== undefined || isIP(given.host) === 0) return [];
  return [{ path: ['endpoint'], at: 'value', problem: 'lacks sni, which an address cannot give', fix: 'write sni' }];
}

export function isHost(text: string): boolean {
  return isHostName(text) || isIP(text) !== 0;
}

function tagValue() {
  return word(/^[^\p{Cc}]{1,256}$/u, 'a tag value: 1 to 256 characters');
}
