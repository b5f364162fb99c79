import { expect, it } from 'vitest';
import { pemToDer } from '../../../src/certificate/pem.ts';
import { renewalIdOf } from '../../../src/issuers/acme-renewal-info.ts';

/** The certificate of RFC 9773, appendix A: its serial number begins with a zero, and its dates are none. */
const example = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----`;

it('names a certificate as RFC 9773 does', () => {
  const [der = new Uint8Array()] = pemToDer(example);
  expect(renewalIdOf(Buffer.from(der).toString('base64'))).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
});

it('has no name for a certificate that does not say whose key has signed it', () => {
  const [der = new Uint8Array()] = pemToDer(example);
  const other = Buffer.from(der).toString('hex').replace('0603551d23', '0603551d63');
  expect(renewalIdOf(Buffer.from(other, 'hex').toString('base64'))).toBeUndefined();
});
