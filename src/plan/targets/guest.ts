import type { z } from 'zod';
import type { Finding } from '../problem.ts';
import { checked, choice, group, hostName, whole, word } from '../schema-parts.ts';
import type { Endpoint } from './every-target.ts';

/**
 * Where on a machine the certificate is read, and by whom. Every text of it becomes the value of a script's parameter: its
 * pattern has no character that any shell gives a meaning.
 */
export interface Guest {
  readonly os: 'linux' | 'windows';
  /** Linux: the PEM file that the application reads, most often a link that the Key Vault extension keeps. */
  readonly path?: string | undefined;
  /** A systemd unit, or a Windows service, that has to take the file up. */
  readonly service?: string | undefined;
  /** Linux: how the unit is made to. Absent: `reload`. */
  readonly apply?: 'reload' | 'restart' | undefined;
  /** Windows: the https binding of IIS, by its port and host name. */
  readonly iis?: { readonly port: number; readonly host?: string | undefined } | undefined;
  /** How long the script waits for the extension to fetch the wanted version. */
  readonly waitSeconds: number;
}

const FILE = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.@+-]{1,128}){1,16}$/;

/** Members of every kind whose targets are machines. */
export const guest = {
  os: choice(['linux', 'windows']),
  path: checked(
    (text) => FILE.test(text) && text.length <= 250,
    'the absolute path of a file: letters, digits and _ . @ + - between slashes',
  ).optional(),
  service: word(
    /^[0-9A-Za-z][\w:.@-]{0,99}$/,
    'the name of a service: letters, digits and _ : . @ -, at most 100',
  ).optional(),
  apply: choice(['reload', 'restart']).optional(),
  iis: group({ port: whole(1, 65_535).default(443), host: hostName.optional() }).optional(),
  waitSeconds: whole(5, 900).default(120),
};

export type GuestFile = { readonly [K in keyof typeof guest]: z.output<(typeof guest)[K]> };

/** What tells two targets on one machine apart: the file, the binding or the service. */
export function placeOf({ path, iis, service }: Omit<Guest, 'os' | 'waitSeconds'>): string {
  if (path !== undefined) return path;
  return iis === undefined ? (service ?? '') : `${iis.host ?? '*'}:${iis.port}`;
}

/** What is missing, or does not fit the operating system. */
export function guestFindings(
  given: Guest & { readonly endpoint?: Pick<Endpoint, 'host'> | undefined },
): readonly Finding[] {
  return given.os === 'linux' ? linuxFindings(given) : windowsFindings(given);
}

function linuxFindings(given: Guest & { readonly endpoint?: Pick<Endpoint, 'host'> | undefined }): readonly Finding[] {
  const { path, service, endpoint } = given;
  const isShown = service !== undefined || endpoint !== undefined;
  return [
    ...stray(given, ['iis'], 'linux'),
    ...(path === undefined ? [lacking('path, the file that the application reads', 'path')] : []),
    ...(isShown
      ? []
      : [lacking('service and endpoint: nothing would show that the certificate is used', 'one of them')]),
  ];
}

function windowsFindings(given: Guest): readonly Finding[] {
  const { iis, service } = given;
  const isOne = (iis === undefined) !== (service === undefined);
  return [
    ...stray(given, ['path', 'apply'], 'windows'),
    ...(isOne ? [] : [lacking('one user of the certificate: a site of IIS or a service', 'iis or service')]),
  ];
}

function stray(given: Guest, keys: readonly ('path' | 'apply' | 'iis')[], os: string): readonly Finding[] {
  return keys
    .filter((key) => given[key] !== undefined)
    .map((key) => ({ path: [key], at: 'key', problem: `does not go with os: ${os}`, fix: 'remove it' }));
}

function lacking(what: string, fix: string): Finding {
  return { path: ['os'], at: 'value', problem: `lacks ${what}`, fix: `write ${fix}` };
}
