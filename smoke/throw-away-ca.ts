import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readCsr } from '../src/certificate/csr.ts';
import { basicConstraints, keyUsage, subjectKeyIdentifier } from '../src/certificate/extensions.ts';
import { assemble, keyIdentifier, newSerial, toBeSigned } from '../src/certificate/issue.ts';
import { encodeName, readSubject } from '../src/certificate/names.ts';
import { readCertificate } from '../src/certificate/read.ts';
import { type SignatureAlgorithm, signatureAlgorithms } from '../src/certificate/signatures.ts';
import { encodeBody, encodeSigned } from '../src/certificate/tbs.ts';

/**
 * An authority that lives as long as the run and is trusted by nobody: it signs first versions with any dates, so that
 * one is due when the run wants it to be. Its keys never leave this process.
 */
export interface ThrowAwayCa {
  /** base64 DERs: leaf, intermediate, root. */
  sign(csr: string, life: { readonly notBefore: Date; readonly notAfter: Date }): readonly string[];
}

interface Authority {
  readonly der: Uint8Array;
  readonly name: Uint8Array;
  readonly key: KeyObject;
}

const DAY_MILLISECONDS = 86_400_000;

/** `run` is in its names, so that whoever meets its certificates knows what they are. */
export function createThrowAwayCa(run: string, now: Date): ThrowAwayCa {
  const life = {
    notBefore: new Date(now.getTime() - 400 * DAY_MILLISECONDS),
    notAfter: new Date(now.getTime() + 400 * DAY_MILLISECONDS),
  };
  const root = authority(`CN=${run} root`, life);
  const issuing = authority(`CN=${run} issuing`, life, root);
  return {
    sign(csr, { notBefore, notAfter }) {
      const tbs = toBeSigned({
        ...{ csr: readCsr(Buffer.from(csr, 'base64')), issuer: readCertificate(issuing.der), serial: newSerial() },
        ...{ notBefore, notAfter, signatureAlgorithm: ES256 },
      });
      const raw = sign('sha256', tbs, { key: issuing.key, dsaEncoding: 'ieee-p1363' });
      return [assemble(tbs, raw, ES256), issuing.der, root.der].map((der) => Buffer.from(der).toString('base64'));
    },
  };
}

const ES256 = algorithm('ES256');

function algorithm(jwa: SignatureAlgorithm['jwa']): SignatureAlgorithm {
  const found = signatureAlgorithms.find((one) => one.jwa === jwa);
  if (found === undefined) throw new TypeError(`smoke: no algorithm ${jwa}`);
  return found;
}

function authority(
  subject: string,
  life: { readonly notBefore: Date; readonly notAfter: Date },
  parent?: Authority,
): Authority {
  const { privateKey: key, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }));
  const name = encodeName(readSubject(subject));
  const body = encodeBody({
    ...{
      serial: newSerial(),
      signatureAlgorithm: ES256.oid,
      issuer: parent?.name ?? name,
      subject: name,
      spki,
      ...life,
    },
    extensions: [
      basicConstraints(true),
      keyUsage(['keyCertSign', 'cRLSign']),
      subjectKeyIdentifier(keyIdentifier(spki)),
    ],
  });
  const signature = sign('sha256', body, { key: parent?.key ?? key, dsaEncoding: 'der' });
  return { der: encodeSigned(body, Uint8Array.from(signature), ES256.oid), name, key };
}
