import { derToPem } from '../../../src/certificate/pem.ts';
import { readCertificate } from '../../../src/certificate/read.ts';
import { type EmulatorResponse, jsonResponse } from '../../emulator.ts';
import { certifyAt } from '../certify.ts';
import { readSubmittedCsr } from '../submitted-csr.ts';
import { StepCaError } from './errors.ts';
import type { StepCaServer } from './step-ca.ts';

/** A call with its token still to be judged. */
export interface StepCaCall {
  readonly body: Readonly<Record<string, unknown>>;
  /** What a token for it has to be for. */
  readonly audience: string;
}

const BACKDATED_SECONDS = 60;
const SHORTEST_SECONDS = 300;
const USUAL_SECONDS = 86_400;
const CLIENT_AND_SERVER = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];

/** POST /1.0/sign (api/sign.go), in the order in which step-ca looks. */
export async function sign(server: StepCaServer, { body, audience }: StepCaCall): Promise<EmulatorResponse> {
  const { csr: pem, ott, notAfter } = body;
  if (pem === undefined) throw new StepCaError(400, 'missing csr.');
  const submitted = await readSubmittedCsr(pem);
  if (submitted.state === 'no-pem' || submitted.state === 'unreadable') {
    throw new StepCaError(400, 'error decoding json.');
  }
  if (submitted.state === 'forged') throw new StepCaError(400, 'invalid csr.');
  if (server.faults.strike('credentials-refused')) throw new StepCaError(401);
  const { sub, sans } = server.tokens.spend(ott, audience);
  const { csr, names } = submitted;
  checkNames(server, names, sans);
  const life = lifeOf(server, notAfter);
  const { der, above } = certifyAt(server, {
    ...{ spki: csr.spki, names, commonName: sub, purposes: CLIENT_AND_SERVER },
    ...life,
  });
  const serial = BigInt(`0x${readCertificate(der).serial}`).toString();
  server.certificates.push({ der, serial, names });
  const [crt = '', ...rest] = [der, ...above].map((one) => derToPem(one));
  return jsonResponse(201, { crt, ca: rest[0] ?? '', certChain: [crt, ...rest], tlsOptions: { minVersion: 1.2 } });
}

function checkNames({ faults, allows }: StepCaServer, asked: readonly string[], allowed: readonly string[]): void {
  const isSame = asked.length === allowed.length && asked.every((name) => allowed.includes(name));
  if (!isSame) {
    const words = 'certificate request does not contain the valid DNS names';
    throw new StepCaError(403, `${words} - got [${asked.join(' ')}], want [${allowed.join(' ')}].`);
  }
  const refused = faults.strike('rejected', asked) ? asked[0] : asked.find((name) => !allows(name));
  if (refused !== undefined) throw new StepCaError(403, `dns name "${refused}" not allowed`);
}

/** The life counts from now; the beginning is put back by a minute. */
function lifeOf({ clock, longestSeconds }: StepCaServer, notAfter: unknown) {
  const now = Math.floor(clock.now().getTime() / 1000);
  const seconds = notAfter === undefined ? USUAL_SECONDS : secondsOf(notAfter);
  const whole = seconds + BACKDATED_SECONDS;
  const asked = `requested duration of ${shown(whole)} is`;
  if (whole > longestSeconds + BACKDATED_SECONDS) {
    const most = shown(longestSeconds + BACKDATED_SECONDS);
    throw new StepCaError(403, `${asked} more than the authorized maximum certificate duration of ${most}.`);
  }
  if (whole < SHORTEST_SECONDS) {
    const least = shown(SHORTEST_SECONDS);
    throw new StepCaError(403, `${asked} less than the authorized minimum certificate duration of ${least}.`);
  }
  return { notBefore: new Date((now - BACKDATED_SECONDS) * 1000), notAfter: new Date((now + seconds) * 1000) };
}

/** A duration of Go in hours, minutes and seconds. */
function secondsOf(text: unknown): number {
  const [, hours, minutes, seconds] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(String(text)) ?? [];
  if ([hours, minutes, seconds].every((part) => part === undefined)) throw new StepCaError(400, 'error decoding json.');
  return Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
}

function shown(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds % 60}s`;
}
