import { derToPem } from '../../../src/certificate/pem.ts';
import { readCertificate } from '../../../src/certificate/read.ts';
import { certifyAt } from '../certify.ts';
import { readSubmittedCsr } from '../submitted-csr.ts';
import { VaultPkiError } from './error.ts';
import type { PkiRole, VaultPkiServer } from './vault-pki.ts';

type Body = Readonly<Record<string, unknown>>;

interface Answer {
  readonly data: object;
  readonly warnings: readonly string[] | null;
}

const BACKDATED_SECONDS = 30;
const CLIENT_AND_SERVER = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];

/** POST {mount}/sign/{role}: names and common name are the CSR's (`use_csr_sans`, `use_csr_common_name`), as by default. */
export async function sign(server: VaultPkiServer, roleName: string, body: Body): Promise<Answer> {
  const role = Object.hasOwn(server.roles, roleName) ? server.roles[roleName] : undefined;
  if (role === undefined) throw new VaultPkiError(400, `unknown role: ${roleName}`);
  const submitted = await readSubmittedCsr(body.csr);
  if (submitted.state === 'no-pem') throw new VaultPkiError(400, '"csr" contains no data');
  if (submitted.state === 'unreadable') {
    throw new VaultPkiError(400, `certificate request could not be parsed: ${submitted.detail}`);
  }
  if (submitted.state === 'forged') throw new VaultPkiError(400, 'request signature invalid');
  const { csr, names, commonName = String(body.common_name ?? '') } = submitted;
  if (commonName === '')
    throw new VaultPkiError(
      400,
      'the common_name field is required, or must be provided in a CSR with "use_csr_common_name" set to true, unless "require_cn" is set to false',
    );
  checkNames(server, role, { commonName, names });
  const { seconds, warnings } = lifeOf(role, body.ttl);
  const now = server.clock.now().getTime();
  const { der, above } = certifyAt(server, {
    ...{ spki: csr.spki, names, commonName, purposes: CLIENT_AND_SERVER },
    notBefore: new Date(now - BACKDATED_SECONDS * 1000),
    notAfter: new Date(now + seconds * 1000),
  });
  const { serial: hex, notAfter } = readCertificate(der);
  const serial = colons(hex);
  server.certificates.push({ der, serial, isStored: role.isForgetful !== true });
  const chain = above.map((one) => derToPem(one).trimEnd());
  const data = {
    certificate: derToPem(der).trimEnd(),
    issuing_ca: chain[0] ?? '',
    ...(chain.length > 0 && { ca_chain: chain }),
    ...{ serial_number: serial, expiration: Math.floor(notAfter.getTime() / 1000) },
  };
  return { data, warnings };
}

function checkNames(
  { faults }: VaultPkiServer,
  { allowedDomains }: PkiRole,
  { commonName, names }: { readonly commonName: string; readonly names: readonly string[] },
): void {
  const isAllowed = (name: string): boolean =>
    allowedDomains.some((domain) => name === domain || name.endsWith(`.${domain}`));
  if (!isAllowed(commonName) || faults.strike('rejected', names)) {
    throw new VaultPkiError(400, `common name ${commonName} not allowed by this role`);
  }
  const outside = names.find((name) => !isAllowed(name));
  if (outside !== undefined) {
    throw new VaultPkiError(400, `subject alternate name ${outside} not allowed by this role`);
  }
}

/** Minutes or hours, or seconds without a unit. */
function lifeOf({ maxTtlSeconds }: PkiRole, ttl: unknown) {
  const [, number, unit = 's'] = /^(\d+)([hms])?$/.exec(String(ttl ?? maxTtlSeconds)) ?? [];
  if (number === undefined) throw new VaultPkiError(400, `error converting input ${String(ttl)} for field "ttl"`);
  const asked = Number(number) * ({ h: 3600, m: 60, s: 1 }[unit] ?? 1);
  if (asked <= maxTtlSeconds) return { seconds: asked, warnings: null };
  const warning = `TTL "${asked}s" is longer than permitted maxTTL "${maxTtlSeconds}s", so maxTTL is being used`;
  return { seconds: maxTtlSeconds, warnings: [warning] };
}

/** POST {mount}/revoke. What is revoked already is told again; what was not stored is not known. */
export function revoke({ certificates, clock }: VaultPkiServer, { serial_number }: Body): Answer {
  if (serial_number === undefined || serial_number === '') {
    throw new VaultPkiError(400, 'The serial number or certificate to revoke must be provided.');
  }
  const found = certificates.find(({ serial, isStored }) => serial === serial_number && isStored);
  if (found === undefined) throw new VaultPkiError(400, `certificate with serial ${String(serial_number)} not found`);
  found.revokedAt ??= Math.floor(clock.now().getTime() / 1000);
  const at = found.revokedAt;
  return {
    data: { revocation_time: at, revocation_time_rfc3339: new Date(at * 1000).toISOString(), state: 'revoked' },
    warnings: null,
  };
}

const colons = (hex: string): string => hex.replace(/..(?!$)/g, '$&:');
