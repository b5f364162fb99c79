import { randomBytes } from 'node:crypto';
import type { FaultName } from './catalogue.ts';
import { foreignDiscard, foreignMerge, foreignPending, lag, policyEdit } from './deeds.ts';
import { comesLate, cut, deniesIt, loseAnswer, says, truncate } from './mishaps.ts';
import {
  expiredServerCertificate,
  namesUnresolved,
  readOnly,
  roleRemoved,
  skew,
  slowHandshakes,
  tokenEndpointDown,
  tokenExpires,
} from './outages.ts';
import { clientOnly, dates, isAuthority, nameMissing, nameTooMany, oldSerial, wrongKey } from './planted.ts';
import {
  isAbout,
  isCreate,
  isCreateOrMerge,
  isSign,
  isSync,
  lines,
  type Mend,
  type Scene,
  type Strike,
  strikes,
  together,
} from './scene.ts';
import { isOrderInsert, isSubmitRecord, recordAnswersLost, rowAnswersLost, storageSays } from './storage.ts';

const throttled = (headers?: Record<string, string>) => says(429, 'Throttled', headers);
const waits = { 'retry-after': '10' };
const down = says(500, 'InternalServerError');
const always = Number.POSITIVE_INFINITY;

/** Nothing is to be struck: the issuer that the victim was given is the fault. */
const byIssuer: Strike = ({ struck }) => {
  struck();
  return () => undefined;
};

/** How each fault comes about. */
const all: Readonly<Record<FaultName, Strike>> = {
  'kv.429-after': strikes({ on: 'vault', matches: isCreateOrMerge, times: 1, mishap: throttled(waits) }),
  'kv.429': strikes({ on: 'vault', matches: isCreateOrMerge, times: 1, mishap: throttled() }),
  'kv.500': strikes({ on: 'vault', matches: isCreate, times: 5, mishap: down }),
  'kv.ack-lost': strikes({ on: 'vault', matches: isCreateOrMerge, times: 1, mishap: loseAnswer }),
  'kv.500-done': strikes({
    ...{ on: 'vault', matches: isCreateOrMerge, times: 1 },
    mishap: deniesIt(500, 'InternalServerError'),
  }),
  'kv.409': strikes({ on: 'vault', matches: isCreate, times: 1, mishap: says(409, 'Conflict') }),
  'kv.lag': lag,
  'kv.read-only': readOnly,
  'kv.403': roleRemoved('certificate-renewer'),
  'kv.foreign-pending': foreignPending,
  'kv.foreign-merge': foreignMerge,
  'kv.foreign-discard': foreignDiscard,
  'kv.policy-edit': policyEdit,
  'net.slow': together(
    strikes({ on: 'vault', matches: isAbout, times: always, mishap: comesLate(500) }),
    strikes({ on: 'arm', matches: isSync, times: always, mishap: comesLate(500) }),
  ),
  'net.cut': onTheWay(cut),
  'net.truncate': onTheWay(truncate),
  'net.dns': namesUnresolved,
  'net.slow-tls': slowHandshakes,
  'net.tls-expired': expiredServerCertificate,
  'id.down': tokenEndpointDown,
  'id.token-expired': tokenExpires,
  'arm.429': strikes({
    ...{ on: 'arm', matches: isSync, times: 1 },
    mishap: says(429, 'SubscriptionRequestsThrottled', waits),
  }),
  'arm.500': strikes({ on: 'arm', matches: isSync, times: 2, mishap: down }),
  'arm.ack-lost': strikes({ on: 'arm', matches: isSync, times: 1, mishap: loseAnswer }),
  'arm.403': roleRemoved('app-service-deployer'),
  'table.fail': strikes({
    ...{ on: 'tables', matches: isOrderInsert, times: 5 },
    mishap: storageSays('table', 'ServerBusy'),
  }),
  'table.ack-lost': rowAnswersLost,
  'journal.fail': strikes({
    ...{ on: 'blobs', matches: isSubmitRecord, times: 5 },
    mishap: storageSays('blob', 'OperationTimedOut'),
  }),
  'journal.ack-lost': recordAnswersLost,
  'target.lies': ({ liars, siteIds, struck }) => {
    for (const id of siteIds) liars.add(id);
    struck();
    return () => {
      for (const id of siteIds) liars.delete(id);
    };
  },
  'clock.skew-ahead': skew(600),
  'clock.skew-behind': skew(-600),
  'ca.5xx': strikes({ on: 'caVault', matches: isSign, times: 5, mishap: says(503, 'ServiceUnavailable') }),
  'ca.ack-lost': strikes({ on: 'caVault', matches: isSign, times: 1, mishap: loseAnswer }),
  'ca.rate-limit': strikes({ on: 'caVault', matches: isSign, times: 1, mishap: throttled(waits) }),
  'ca.reject': byIssuer,
  'ca.wrong-key': wrongKey,
  'ca.san-extra': nameTooMany,
  'ca.san-missing': nameMissing,
  'ca.weak': byIssuer,
  'ca.eku-ca': isAuthority,
  'ca.eku-client': clientOnly,
  'ca.dates-expired': dates(-60, -1),
  'ca.dates-future': dates(2, 60),
  'ca.dates-short': dates(-1, 0.5),
  'ca.dates-long': dates(-1, 3 * 365),
  'ca.old-serial': oldSerial,
  'ca.chain-missing': byIssuer,
  'ca.chain-wrong': byIssuer,
  'ca.chain-expired': byIssuer,
  'ca.junk': junk,
  'ca.junk-chain': byIssuer,
};

/** Brings the fault about. Answers with what ends it. */
export function strike(fault: FaultName, scene: Scene): Mend {
  return all[fault](scene);
}

function onTheWay(mishap: typeof cut): Strike {
  return together(
    strikes({ on: 'vault', matches: isCreateOrMerge, times: 1, mishap }),
    strikes({ on: 'arm', matches: isSync, times: 1, mishap }),
  );
}

const JUNK_BYTES = 1024 * 1024;

/** The issuing CA's certificate is what the app takes from the issuer as it comes. */
function junk(scene: Scene): Mend {
  return lines.caVault(scene).add(async ({ method, url }, next) => {
    const delivery = await next();
    const isCa = method === 'GET' && url.pathname.startsWith(`/certificates/${scene.authorityName}/`);
    if (!isCa || delivery.state === 'none' || delivery.response.status !== 200) return delivery;
    scene.struck();
    const body = {
      ...(JSON.parse(String(delivery.response.body)) as object),
      cer: randomBytes(JUNK_BYTES).toString('base64'),
    };
    return { ...delivery, response: { ...delivery.response, body: JSON.stringify(body) } };
  });
}
