import type { Rule } from '../transport/line.ts';
import { says } from './mishaps.ts';
import {
  ambush,
  isCreate,
  isMerge,
  isSync,
  lines,
  type Matches,
  type Mend,
  type Scene,
  type Strike,
  together,
} from './scene.ts';

/** Begins in the middle of the victim's renewal, when the vault has made the CSR, and ends by itself after a while. */
function passing(begin: (scene: Scene) => Mend): Strike {
  return (scene) => {
    let mend: Mend | undefined;
    const end = (): void => {
      mend?.();
      mend = undefined;
    };
    const unhook = ambush({ on: 'vault', matches: isCreate, when: 'after' }, () => {
      mend = begin(scene);
      if (Number.isFinite(scene.seconds)) {
        scene.cloud.clock.at(new Date(scene.now().getTime() + scene.seconds * 1000), end);
      }
    })({ ...scene, struck: () => undefined });
    return () => {
      unhook();
      end();
    };
  };
}

/** Failover to another region: what a vault answers to writes then is not documented. */
export const readOnly = passing((scene) => {
  const refuse = says(503, 'ServiceUnavailable');
  const rule: Rule = (request, next) => {
    if (request.method === 'GET') return next();
    scene.struck();
    return refuse(next);
  };
  return lines.vault(scene).add(rule);
});

export const tokenEndpointDown = passing((scene) =>
  lines.identity(scene).add((_request, next) => {
    scene.struck();
    return says(503, 'ServiceUnavailable')(next);
  }),
);

/** Answers that were agreed upon over old connections still come; nothing new gets through. */
export const expiredServerCertificate = passing((scene) =>
  lines.vault(scene).trouble({ identity: scene.cloud.expiredIdentity(), onHandshake: scene.struck }),
);

const SLOW_HANDSHAKE_MILLISECONDS = 3000;

export const slowHandshakes = passing((scene) =>
  lines.vault(scene).trouble({ milliseconds: SLOW_HANDSHAKE_MILLISECONDS, onHandshake: scene.struck }),
);

/** Names are looked up for new connections only, so that every connection has to be a new one. */
export const namesUnresolved = passing((scene) => {
  const { app, cloud, struck } = scene;
  const before = app.failedLookups();
  const names = [...cloud.vaults.map(({ name }) => name), 'arm', 'identity', 'blobs', 'tables'];
  const ends = names.map((name) => cloud.line(name).trouble({}));
  app.set({ dnsDown: true });
  return () => {
    app.set({});
    for (const end of ends) end();
    for (let count = before; count < app.failedLookups(); count++) struck();
  };
});

/** From the start to the end: a clock that jumps in the middle is another fault. */
export function skew(seconds: number): Strike {
  return ({ app, struck }) => {
    app.set({ skewSeconds: seconds });
    struck();
    return () => app.set({});
  };
}

/** Taken away in the middle, and given back at the end only. */
export function roleRemoved(role: 'certificate-renewer' | 'app-service-deployer'): Strike {
  return (scene) => {
    const { cloud } = scene;
    let restore: Mend = () => undefined;
    const unhook = ambush({ on: 'vault', matches: isCreate, when: 'after' }, () => {
      restore = cloud.removeRole(role);
    })(scene);
    return () => {
      unhook();
      restore();
    };
  };
}

/** With tokens that live two seconds, a call that takes three to arrive comes with a token that has just ended. */
export const TOKEN_LIFE_SECONDS = 2;
const LATE_MILLISECONDS = 3000;

export const tokenExpires: Strike = together(lateOnce('vault', isMerge), lateOnce('arm', isSync));

function lateOnce(on: 'vault' | 'arm', matches: Matches): Strike {
  return (scene) => {
    let isDone = false;
    return lines[on](scene).add(async (request, next) => {
      if (isDone || !matches(request, scene) || request.headers.authorization === undefined) return next();
      isDone = true;
      await new Promise((resolve) => setTimeout(resolve, LATE_MILLISECONDS));
      const delivery = await next();
      if (delivery.state !== 'none' && delivery.response.status === 401) scene.struck();
      return delivery;
    });
  };
}
