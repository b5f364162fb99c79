import type { EmulatorRequest, EmulatorResponse } from '../emulator.ts';
import type { Authority, MadeWithKeys } from '../pki.ts';
import type { Cloud } from '../stand/cloud.ts';
import type { Seeded, SeededEstate } from '../stand/scenarios.ts';
import type { Delivery, Rule } from '../transport/line.ts';
import type { AppTrouble } from './app-trouble.ts';
import type { Mishap } from './mishaps.ts';

/** What a fault can lay hands on. */
export interface Scene {
  readonly cloud: Cloud;
  readonly estate: SeededEstate;
  readonly victim: Seeded;
  /** The version that is to be replaced. */
  readonly old: MadeWithKeys;
  /** What issues for the victim, with its key. */
  readonly authority: Authority;
  /** Name of that authority's certificate in the CA's vault. */
  readonly authorityName: string;
  readonly app: AppTrouble;
  /** Sites that stay with what they serve, whatever App Service tells them: ARM ids. */
  readonly liars: Set<string>;
  readonly siteIds: readonly string[];
  /** How long what passes lasts. */
  readonly seconds: number;
  now(): Date;
  /** To be called whenever the fault has had its effect. */
  struck(): void;
}

/** Ends the fault. */
export type Mend = () => void;

/** Sets a fault up. */
export type Strike = (scene: Scene) => Mend;

/** Which requests: `POST /certificates/{name}/create` for instance. */
export type Matches = (request: EmulatorRequest, scene: Scene) => boolean;

export const isCreate: Matches = (request, { victim }) =>
  isCall(request, 'POST', `/certificates/${victim.name}/create`);
export const isMerge: Matches = (request, { victim }) =>
  isCall(request, 'POST', `/certificates/${victim.name}/pending/merge`);
export const isRead: Matches = (request, { victim }) => isCall(request, 'GET', `/certificates/${victim.name}`);
export const isAbout: Matches = ({ url }, { victim }) =>
  `${url.pathname}/`.toLowerCase().includes(`/${victim.name.toLowerCase()}/`);
export const isSync: Matches = ({ method, url }, { victim }) =>
  method === 'PUT' &&
  url.pathname.toLowerCase().endsWith(`/certificates/${victim.vaultName}-${victim.name}`.toLowerCase());
export const isSign: Matches = ({ method, url }, { authorityName }) =>
  method === 'POST' && url.pathname.startsWith(`/keys/${authorityName}/`) && url.pathname.endsWith('/sign');

export const isCreateOrMerge: Matches = (request, scene) => isCreate(request, scene) || isMerge(request, scene);

function isCall({ method, url }: EmulatorRequest, wanted: string, path: string): boolean {
  return method === wanted && url.pathname.replace(/\/$/, '').toLowerCase() === path.toLowerCase();
}

/** The line that a kind of call goes over. */
export const lines = {
  vault: ({ cloud, victim }: Scene) => cloud.line(victim.vaultName),
  caVault: ({ cloud, estate }: Scene) => cloud.line(estate.caVaultName),
  arm: ({ cloud }: Scene) => cloud.line('arm'),
  identity: ({ cloud }: Scene) => cloud.line('identity'),
  blobs: ({ cloud }: Scene) => cloud.line('blobs'),
  tables: ({ cloud }: Scene) => cloud.line('tables'),
} as const;

export interface Struck {
  readonly on: keyof typeof lines;
  readonly matches: Matches;
  /** How often at each path: then the calls get through. */
  readonly times: number;
  readonly mishap: Mishap;
}

/** A mishap that befalls the first calls of a kind. */
export function strikes({ on, matches, times, mishap }: Struck): Strike {
  return (scene) => {
    const counts = new Map<string, number>();
    return lines[on](scene).add((request, next) => {
      if (!matches(request, scene)) return next();
      const place = `${request.method} ${request.url.pathname}`;
      const count = (counts.get(place) ?? 0) + 1;
      counts.set(place, count);
      if (count > times) return next();
      scene.struck();
      return mishap(next);
    });
  };
}

/** Several strikes as one fault. */
export function together(...many: readonly Strike[]): Strike {
  return (scene) => {
    const mends = many.map((strike) => strike(scene));
    return () => {
      for (const mend of mends) mend();
    };
  };
}

/** Does something once, when the call has arrived and is not handled yet, or when it was done and nobody has heard of it. */
export function ambush(
  at: { readonly on: keyof typeof lines; readonly matches: Matches; readonly when: 'before' | 'after' },
  deed: (scene: Scene, exchange: { request: EmulatorRequest; response?: EmulatorResponse }) => Promise<void> | void,
): Strike {
  return (scene) => {
    let isDone = false;
    const rule: Rule = async (request, next): Promise<Delivery> => {
      if (isDone || !matchesOnce(request)) return next();
      if (at.when === 'before') {
        isDone = true;
        await deed(scene, { request });
        scene.struck();
        return next();
      }
      const delivery = await next();
      if (isDone || delivery.state === 'none' || delivery.response.status >= 300) return delivery;
      isDone = true;
      await deed(scene, { request, response: delivery.response });
      scene.struck();
      return delivery;
    };
    const matchesOnce = (request: EmulatorRequest): boolean => at.matches(request, scene);
    return lines[at.on](scene).add(rule);
  };
}
