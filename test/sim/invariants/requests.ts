import { createHash } from 'node:crypto';
import { sha256Hex } from '../../../src/certificate/fingerprint.ts';
import type { OrderRow } from '../../../src/estate/port.ts';
import type { FaultName } from '../faults/catalogue.ts';
import { ACME_ORIGIN, PARTNER } from '../world/estate.ts';
import type { SeenRequest } from '../world/sightings.ts';
import type { World } from '../world/world.ts';
import type { Invariant } from './invariant.ts';
import { knownOf, vaultMutation } from './known.ts';
import { renewalPoint } from './renewal-point.ts';
import { scheduledIn } from './scheduled.ts';

/** The app reads its clock a little before the record is made, and its clock may be wrong. */
const CLOCK_MILLISECONDS = 1_300_000;

/** After these a merge may be one of an earlier try. */
const belated: readonly FaultName[] = ['net.late', 'host.late-activity', 'host.dup-activity', 'host.terminate'];

interface OldVersion {
  readonly sha256: string;
  readonly notBefore: string;
  readonly notAfter: string;
}

export const requestInvariants: readonly Invariant[] = [
  {
    id: 'D4',
    says: 'an order is only for a CSR that the app has had made, or may have had made and never heard of, or that the plan’s partner works on (design 2)',
    watch({ world, check }) {
      const made = new Set<string>();
      const orders = new Map<string, OrderRow>();
      return {
        request(seen) {
          const mutation = vaultMutation(seen);
          if (mutation?.kind === 'create' || isAtPartner(world, seen)) made.add(csrOf(seen));
        },
        order(_before, after) {
          const { csrSha256, vault, name } = after;
          const own = [...orders.values()].filter((order) => order.vault === vault && order.name === name);
          // An order without CSR marks a request whose answer is not known.
          const isOurs = made.has(csrSha256) || own.some((order) => [csrSha256, ''].includes(order.csrSha256));
          check(csrSha256 === '' || isOurs, () => `${after.renewalId} orders for a CSR that somebody else had made`);
          orders.set(after.renewalId, after);
        },
      };
    },
  },
  {
    id: 'D6',
    says: 'nothing is requested before the renewal point of the version that it replaces, or the window that its CA has named, unless a person forces it (design 2)',
    watch({ world, check }) {
      const old = new Map<string, OldVersion>();
      const windows = new Map<string, number>();
      return {
        request(seen) {
          const told = windowTold(seen);
          // What the CA has said once may be acted on, though it has said something else since.
          if (told !== undefined) windows.set(told.id, Math.min(told.start, windows.get(told.id) ?? told.start));
        },
        record({ renewalId, step, kind, facts }) {
          if (step === 'inspect' && kind === 'result' && facts.reason !== 'manual')
            old.set(renewalId, facts.old as OldVersion);
          const version = old.get(renewalId);
          const certificate = world.certificate(world.certificateOfRenewal(renewalId) ?? '');
          if (step !== 'request' || kind !== 'intent' || version === undefined || certificate === undefined) return;
          const { notBefore, notAfter, sha256 } = version;
          const life = { notBefore, notAfter, window: windows.get(renewalIdOf(world, sha256) ?? '') };
          const due = renewalPoint(life, certificate.plan.renewAt);
          check(
            world.clock.milliseconds >= due - CLOCK_MILLISECONDS,
            () => `${renewalId} requests, and is not due before ${new Date(due).toISOString()}`,
          );
        },
      };
    },
  },
  {
    id: 'D7',
    says: 'what is merged was asked for by the policy as the app could see it before the merge (design 2)',
    watch({ world, check }) {
      const known = knownOf(world);
      const looks = new Map<string, string>();
      const asked = new Map<string, string>();
      const isBelated = belated.some((name) => world.faults.rates.has(name));
      return {
        record({ renewalId, step, kind }) {
          const certificate = world.certificateOfRenewal(renewalId);
          if (step === 'merge' && kind === 'intent' && certificate !== undefined) looks.delete(certificate);
        },
        request(seen) {
          const look = policySeen(seen);
          if (look !== undefined && !looks.has(look.certificate)) looks.set(look.certificate, look.policy);
          const mutation = vaultMutation(seen);
          if (mutation?.kind === 'create') asked.set(csrOf(seen), wishOf(readJson(seen.requestBody).policy));
          if (mutation?.kind !== 'merge' || isBelated) return;
          const order = known.orders.get(known.rows.get(mutation.certificate)?.renewalId ?? '');
          const [wish, shown] = [asked.get(order?.csrSha256 ?? ''), looks.get(mutation.certificate)];
          const isStill = wish === undefined || shown === undefined || shown === wish;
          check(isStill, () => `${mutation.certificate} is merged under another policy: ${shown}, it was ${wish}`);
        },
      };
    },
  },
  {
    id: 'D8',
    says: 'a renewal that was cancelled before a gate does not go through it (design 2)',
    watch({ world, check }) {
      const known = knownOf(world);
      const cancelled = new Set<string>();
      const warned = new Set<string>();
      return {
        row(_before, { cancelRequested }) {
          if (cancelRequested !== undefined) cancelled.add(cancelRequested);
        },
        change(change) {
          for (const { renewalId, step } of scheduledIn(change))
            if (step === 'gate' && cancelled.has(renewalId)) warned.add(renewalId);
        },
        record({ renewalId, step, kind }) {
          if (step !== 'gate' || kind !== 'result') return;
          // A repeat that comes when the renewal is closed leads nowhere.
          const row = known.rows.get(world.certificateOfRenewal(renewalId) ?? '');
          if (row?.renewalId !== renewalId || row.state === 'idle') return;
          check(!warned.has(renewalId), () => `${renewalId} was cancelled, and went through a gate`);
        },
      };
    },
  },
];

/** An operation that the partner of the certificate's plan works on: it is waited for, whoever began it. */
function isAtPartner(world: World, { url, status, body }: SeenRequest): boolean {
  const [, , name = '', verb] = url.pathname.split('/');
  if (verb !== 'pending' || status !== 200) return false;
  if (world.certificate(`${url.host.split('.')[0]}/${name}`)?.ca !== 'partner') return false;
  return (readJson(body).issuer as { readonly name?: string } | undefined)?.name === PARTNER;
}

/** When a certificate's window begins (milliseconds), as the CA has said it to somebody who asked. */
function windowTold({ url, status, body }: SeenRequest): { readonly id: string; readonly start: number } | undefined {
  const [, id] = /^\/renewal-info\/(.+)$/.exec(url.pathname) ?? [];
  if (id === undefined || status !== 200 || url.origin !== ACME_ORIGIN) return undefined;
  const { suggestedWindow } = readJson(body) as { readonly suggestedWindow: { readonly start: string } };
  return { id, start: Date.parse(suggestedWindow.start) };
}

/** By which the public CA knows a certificate. */
function renewalIdOf({ cloud }: World, sha256: string): string | undefined {
  return cloud.publicCa?.acme.certificates().find(({ leaf }) => sha256Hex(leaf) === sha256)?.renewalId;
}

/** SHA-256 of the CSR that an operation shows. */
function csrOf({ body }: SeenRequest): string {
  const { csr = '' } = readJson(body);
  return createHash('sha256')
    .update(Buffer.from(String(csr), 'base64'))
    .digest('hex');
}

/** The policy of a certificate that the app has looked at. */
function policySeen({ method, url, status, body }: SeenRequest): { certificate: string; policy: string } | undefined {
  const [, collection, name, verb] = url.pathname.split('/');
  if (method !== 'GET' || status !== 200 || collection !== 'certificates' || verb !== '') return undefined;
  return { certificate: `${url.host.split('.')[0]}/${name}`, policy: wishOf(readJson(body).policy) };
}

function readJson(text: string): Readonly<Record<string, unknown>> {
  return JSON.parse(text) as Record<string, unknown>;
}

interface WirePolicy {
  readonly key_props?: { readonly kty?: string; readonly crv?: string };
  readonly x509_props?: { readonly subject?: string; readonly sans?: { readonly dns_names?: readonly string[] } };
}

/** What of a policy goes into a CSR. */
function wishOf(policy: unknown): string {
  const { key_props: key, x509_props: x509 } = (policy ?? {}) as WirePolicy;
  return JSON.stringify([key?.kty, key?.crv, x509?.subject, [...(x509?.sans?.dns_names ?? [])].sort()]);
}
