import type { PipelinePolicy } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import { RenewalError } from '../errors.ts';

/*
 * The client reads members of an answer without looking at them, and ends in a TypeError of its own where one is not what
 * it takes it for. What it reads is looked at before it does, so that a TypeError is always a mistake of ours.
 */

const text = z.string().nullish();
const texts = z.array(z.string()).nullish();
const amount = z.number().nullish();
const flag = z.boolean().nullish();
const members = <Shape extends z.ZodRawShape>(shape: Shape) => z.looseObject(shape).nullish();

const attributes = members({ enabled: flag, nbf: amount, exp: amount, created: amount, updated: amount });
const tags = z.record(z.string(), z.string()).nullish();
const issuer = members({ name: text });
const names = members({ dns_names: texts, emails: texts, upns: texts, uris: texts, ipAddresses: texts });

const policy = z.looseObject({
  key_props: members({ kty: text, key_size: amount, crv: text, exportable: flag, reuse_key: flag }),
  secret_props: members({ contentType: text }),
  x509_props: members({ subject: text, ekus: texts, key_usage: texts, sans: names, validity_months: amount }),
  lifetime_actions: z.array(z.looseObject({ trigger: members({}), action: members({ action_type: text }) })).nullish(),
  issuer,
});

const url = z.string().refine((value) => URL.canParse(value), 'no URL');

/** Of a certificate, a key or a secret, with or without a version. */
const idOf = (kind: 'certificates' | 'keys' | 'secrets') =>
  url.regex(new RegExp(`^https://[^/?#\\s]+/${kind}/[^/?#\\s]+(/[^/?#\\s]+)?$`));

const bundle = policy.extend({
  id: idOf('certificates'),
  kid: idOf('keys').nullish(),
  cer: text,
  x5t: text,
  attributes,
  tags,
  policy: policy.nullish(),
});

const shapes = {
  certificate: bundle,
  policy: policy.extend({ attributes }),
  operation: z.looseObject({ issuer, csr: text }),
  list: z.looseObject({
    value: z.array(z.looseObject({ id: idOf('certificates'), x5t: text, attributes, tags })),
    // An empty one is none, for the client too.
    nextLink: z.union([url, z.literal('')]).nullish(),
  }),
  key: z.looseObject({
    key: z.looseObject({ kid: idOf('keys'), kty: text, crv: text, n: text, e: text, x: text, y: text }),
    attributes,
    tags,
  }),
  secret: z.looseObject({ id: idOf('secrets'), value: text, contentType: text, kid: text, attributes, tags }),
  signature: z.looseObject({ value: z.string() }),
} as const;

/** Throws `vault-unreachable` for an answer of 2xx that is not what the documentation of its call says. */
export const answerShape: PipelinePolicy = {
  name: 'perennialAnswerShape',
  async sendRequest(request, next) {
    const response = await next(request);
    if (response.status < 200 || response.status > 299) return response;
    const problem = problemOf(response.bodyAsText ?? '', kindOf(request.method, new URL(request.url).pathname));
    if (problem === undefined) return response;
    const { origin, pathname } = new URL(request.url);
    const message = `key-vault: the answer cannot be read: vault=${origin}, call=${request.method} ${pathname}: ${problem}`;
    throw new RenewalError('vault-unreachable', message);
  },
};

function kindOf(method: string, path: string): keyof typeof shapes {
  const [collection, name, part] = path.split('/').slice(1);
  if (collection === 'keys') return path.endsWith('/sign') ? 'signature' : 'key';
  if (collection === 'secrets') return 'secret';
  if (part === 'policy') return 'policy';
  if (part === 'create' || (part === 'pending' && !path.endsWith('/merge'))) return 'operation';
  return method === 'GET' && (name === undefined || part === 'versions') ? 'list' : 'certificate';
}

function problemOf(body: string, kind: keyof typeof shapes): string | undefined {
  let read: unknown;
  try {
    read = JSON.parse(body);
  } catch {
    return body === '' ? 'it is empty' : 'it is not JSON';
  }
  const [issue] = shapes[kind].safeParse(read).error?.issues ?? [];
  return issue && `${issue.path.join('.') || 'body'}: ${issue.message}`.slice(0, 200);
}
