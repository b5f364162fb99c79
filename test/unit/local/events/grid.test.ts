import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../local/clock.ts';
import type { Post, PostAnswer } from '../../../../local/events/endpoint.ts';
import { createEventGrid } from '../../../../local/events/grid.ts';
import type { SubscriptionRequest } from '../../../../local/events/subscription.ts';
import type { VaultEvent } from '../../../../local/events/types.ts';

const VAULT = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-one';
const FUNCTION = 'http://localhost:7071/runtime/webhooks/eventgrid?functionName=near-expiry&code=top-secret';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const subscription: SubscriptionRequest = { name: 'near-expiry', endpoint: FUNCTION, schema: 'EventGridSchema' };

function nearExpiry(objectName = 'www', over: Partial<VaultEvent> = {}): VaultEvent {
  return {
    type: 'Microsoft.KeyVault.CertificateNearExpiry',
    time: new Date('2026-08-09T05:06:07.089Z'),
    vaultResourceId: VAULT,
    vaultName: 'kv-one',
    objectName,
    version: 'ab12',
    id: `https://kv-one.vault.azure.net/certificates/${objectName}/ab12`,
    nbf: 1_700_000_000,
    exp: 1_800_000_000,
    ...over,
  };
}

/** A random source that repeats itself for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function bench(answer: (post: Post, count: number) => number | Partial<PostAnswer> | Error = () => 200, seed = 1) {
  const clock = new ManualClock(new Date('2026-08-09T05:06:07.089Z'));
  const posts: (Post & { at: number })[] = [];
  const blobs: { name: string; body: unknown }[] = [];
  const lines: string[] = [];
  let blobFailures = 0;
  const start = clock.now().getTime();
  const grid = createEventGrid({
    clock,
    random: seeded(seed),
    log: (level, message) => lines.push(`${level}: ${message}`),
    send: async (post) => {
      posts.push({ ...post, at: clock.now().getTime() - start });
      const result = answer(post, posts.length);
      if (result instanceof Error) throw result;
      return typeof result === 'number'
        ? { status: result, headers: {}, body: '' }
        : { status: 200, headers: {}, body: '', ...result };
    },
    deadLetter: async (name, body) => {
      if (blobFailures-- > 0) throw new Error('container is gone');
      blobs.push({ name, body: JSON.parse(body) });
    },
  });
  /** Lives through `milliseconds` from wake-up to wake-up. */
  const pass = async (milliseconds: number): Promise<void> => {
    const end = clock.now().getTime() + milliseconds;
    for (let next = clock.next(); next !== undefined && next.getTime() <= end; next = clock.next()) {
      clock.advance(Math.max(0, next.getTime() - clock.now().getTime()));
      await grid.settled();
    }
    clock.advance(end - clock.now().getTime());
    await grid.settled();
  };
  const failBlobs = (times: number): void => {
    blobFailures = times;
  };
  return { grid, posts, blobs, lines, pass, failBlobs };
}

const bodies = (posts: readonly Post[]): unknown[] => posts.map((post) => JSON.parse(post.body ?? 'null'));

describe('delivery', () => {
  it('posts an array with one event in the Event Grid schema', async () => {
    const { grid, posts, pass } = bench();
    await grid.subscribe(subscription);
    grid.publish(nearExpiry());
    await pass(1000);
    expect(posts).toHaveLength(1);
    expect(posts[0]).toMatchObject({
      method: 'POST',
      url: FUNCTION,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'aeg-event-type': 'Notification',
        'aeg-subscription-name': 'NEAR-EXPIRY',
        'aeg-delivery-count': '0',
      },
    });
    expect(bodies(posts)).toEqual([
      [
        {
          id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
          topic: VAULT,
          subject: 'www',
          eventType: 'Microsoft.KeyVault.CertificateNearExpiry',
          eventTime: '2026-08-09T05:06:07.0890000Z',
          data: {
            Id: 'https://kv-one.vault.azure.net/certificates/www/ab12',
            VaultName: 'kv-one',
            ObjectType: 'Certificate',
            ObjectName: 'www',
            Version: 'ab12',
            NBF: 1_700_000_000,
            EXP: 1_800_000_000,
          },
          dataVersion: '1',
          metadataVersion: '1',
        },
      ],
    ]);
  });

  it('posts a single object in the CloudEvents schema', async () => {
    const { grid, posts, pass } = bench();
    await grid.subscribe({ ...subscription, schema: 'CloudEventSchemaV1_0' });
    grid.publish(nearExpiry('www', { nbf: null }));
    await pass(1000);
    expect(posts[0]?.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
    expect(bodies(posts)[0]).toMatchObject({
      source: VAULT,
      subject: 'www',
      type: 'Microsoft.KeyVault.CertificateNearExpiry',
      time: '2026-08-09T05:06:07.0890000Z',
      specversion: '1.0',
      data: { NBF: null, ObjectName: 'www' },
    });
  });

  it('filters by type, subject and vault', async () => {
    const { grid, posts, pass } = bench();
    await grid.subscribe({
      ...subscription,
      source: VAULT.toUpperCase(),
      includedEventTypes: ['Microsoft.KeyVault.CertificateNearExpiry'],
      subjectBeginsWith: 'WW',
    });
    grid.publish(nearExpiry('www'));
    grid.publish(nearExpiry('api'));
    grid.publish(nearExpiry('www', { type: 'Microsoft.KeyVault.CertificateExpired' }));
    grid.publish(nearExpiry('www', { vaultResourceId: `${VAULT}-two` }));
    await pass(1000);
    expect(posts).toHaveLength(1);
  });

  it('does not keep the order of publishing', async () => {
    const { grid, posts, pass } = bench();
    await grid.subscribe(subscription);
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const name of names) grid.publish(nearExpiry(name));
    await pass(1000);
    const seen = bodies(posts).map((body) => (body as { subject: string }[])[0]?.subject);
    expect(seen).not.toEqual(names);
    expect([...seen].sort()).toEqual(names);
  });

  it('batches what is due at the same moment', async () => {
    const { clock, grid, posts } = jumping();
    await grid.subscribe({ ...subscription, schema: 'CloudEventSchemaV1_0', maxEventsPerBatch: 2 });
    for (const name of ['a', 'b', 'c']) grid.publish(nearExpiry(name));
    clock.advance(1000);
    await grid.settled();
    expect(bodies(posts).map((body) => (body as unknown[]).length)).toEqual([2, 1]);
    expect(posts[0]?.headers['content-type']).toBe('application/cloudevents-batch+json; charset=utf-8');
  });
});

/** A grid whose clock is moved in one jump, so that several deliveries are due together. */
function jumping() {
  const clock = new ManualClock(new Date('2026-08-09T05:06:07.089Z'));
  const posts: Post[] = [];
  const grid = createEventGrid({
    clock,
    random: seeded(3),
    log: () => undefined,
    send: async (post) => {
      posts.push(post);
      return { status: 200, headers: {}, body: '' };
    },
  });
  return { clock, grid, posts };
}

describe('retries', () => {
  it('follows the schedule until the day is over, then dead-letters', async () => {
    const { grid, posts, blobs, pass } = bench(() => 500);
    await grid.subscribe(subscription);
    grid.publish(nearExpiry());
    await pass(80 * HOUR);
    const gaps = posts.slice(1).map((post, index) => (post.at - (posts[index]?.at ?? 0)) / 1000);
    const least = [10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600];
    expect(gaps.length).toBeGreaterThanOrEqual(least.length);
    least.forEach((seconds, index) => {
      expect(gaps[index]).toBeGreaterThanOrEqual(seconds);
      expect(gaps[index]).toBeLessThanOrEqual(seconds * 1.1);
    });
    expect(posts.map((post) => post.headers['aeg-delivery-count'])).toEqual(posts.map((_, index) => String(index)));
    expect(posts.at(-1)?.at).toBeLessThanOrEqual(24 * HOUR);
    expect(blobs).toMatchObject([{ body: [{ deadLetterReason: 'TimeToLiveExceeded' }] }]);
  });

  it('delivers once the endpoint recovers', async () => {
    const { grid, posts, blobs, pass } = bench((_, count) => (count < 3 ? 503 : 200));
    await grid.subscribe(subscription);
    grid.publish(nearExpiry());
    await pass(HOUR);
    expect(posts).toHaveLength(3);
    expect(blobs).toEqual([]);
    expect(grid.waiting()).toBe(0);
  });

  it('retries when nobody answers', async () => {
    const { grid, posts, pass } = bench((_, count) => (count === 1 ? new Error('ECONNREFUSED') : 200));
    await grid.subscribe(subscription);
    grid.publish(nearExpiry());
    await pass(MINUTE);
    expect(posts).toHaveLength(2);
  });

  it('holds new events back while the endpoint is unhealthy', async () => {
    const { grid, posts, pass } = bench(() => 404);
    await grid.subscribe(subscription);
    for (let index = 0; index < 10; index++) grid.publish(nearExpiry(`c${index}`));
    await pass(1000);
    grid.publish(nearExpiry('late'));
    await pass(2 * MINUTE);
    expect(posts).toHaveLength(10);
    await pass(5 * MINUTE);
    expect(posts).toHaveLength(21);
  });

  it('never writes the key of the endpoint to the log', async () => {
    const { grid, lines, pass } = bench(() => 500);
    await grid.subscribe(subscription);
    grid.publish(nearExpiry());
    await pass(HOUR);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('\n')).not.toContain('top-secret');
  });
});

describe('dead letters', () => {
  it('are written five minutes after the last attempt, with the reasons', async () => {
    const { grid, blobs, posts, pass } = bench(() => 404);
    await grid.subscribe({ ...subscription, maxDeliveryAttempts: 2 });
    grid.publish(nearExpiry());
    await pass((posts[1]?.at ?? 0) + 9 * MINUTE);
    expect(posts).toHaveLength(2);
    expect(blobs).toEqual([]);
    await pass(2 * MINUTE);
    expect(blobs).toHaveLength(1);
    expect(blobs[0]?.name).toMatch(/^NEAR-EXPIRY\/2026\/8\/9\/5\/[0-9a-f-]{36}\.json$/);
    expect(blobs[0]?.body).toMatchObject([
      {
        subject: 'www',
        deadLetterReason: 'MaxDeliveryAttemptsExceeded',
        deliveryAttempts: 2,
        lastDeliveryOutcome: 'NotFound',
        publishTime: '2026-08-09T05:06:07.0890000Z',
        lastDeliveryAttemptTime: expect.stringMatching(/^2026-08-09T05:1.*0000Z$/),
      },
    ]);
  });

  it('are spelled in lower case for CloudEvents', async () => {
    const { grid, blobs, pass } = bench(() => 400);
    await grid.subscribe({ ...subscription, schema: 'CloudEventSchemaV1_0' });
    grid.publish(nearExpiry());
    await pass(6 * MINUTE);
    expect(blobs[0]?.body).toMatchObject([
      {
        specversion: '1.0',
        deadletterreason: 'UndeliverableEvent',
        deliveryattempts: 1,
        lastdeliveryoutcome: 'BadRequest',
        publishtime: expect.any(String),
        lastdeliveryattempttime: expect.any(String),
      },
    ]);
  });

  it('wait for a container that comes back', async () => {
    const { grid, blobs, failBlobs, pass } = bench(() => 413);
    failBlobs(3);
    await grid.subscribe(subscription);
    grid.publish(nearExpiry());
    await pass(30 * MINUTE);
    expect(blobs).toHaveLength(1);
  });

  it('are dropped when the container stays away for four hours', async () => {
    const { grid, blobs, lines, failBlobs, pass } = bench(() => 413);
    failBlobs(1000);
    await grid.subscribe(subscription);
    grid.publish(nearExpiry());
    await pass(6 * HOUR);
    expect(blobs).toEqual([]);
    expect(lines.at(-1)).toContain('dropped, container unreachable');
    expect(grid.waiting()).toBe(0);
  });
});

describe('faults', () => {
  it('delivers every event as often as asked, with one id', async () => {
    const { grid, posts, pass } = bench();
    await grid.subscribe(subscription);
    grid.duplicate(5);
    grid.publish(nearExpiry());
    await pass(1000);
    expect(posts).toHaveLength(5);
    expect(new Set(bodies(posts).map((body) => (body as { id: string }[])[0]?.id)).size).toBe(1);
  });

  it('drops what the predicate names until it is taken back', async () => {
    const { grid, posts, pass } = bench();
    await grid.subscribe(subscription);
    const end = grid.drop((event) => event.objectName === 'www');
    grid.publish(nearExpiry('www'));
    grid.publish(nearExpiry('api'));
    end();
    grid.publish(nearExpiry('www'));
    await pass(1000);
    expect(posts).toHaveLength(2);
  });
});

describe('subscribing', () => {
  const webhook = { ...subscription, endpoint: 'http://hook.example/events' };

  it('asks no function', async () => {
    const { grid, posts } = bench();
    expect(await grid.subscribe(subscription)).toEqual({ state: 'subscribed' });
    expect(posts).toEqual([]);
  });

  it('sends a webhook a validation code and takes its echo', async () => {
    const { grid, posts } = bench((post) => ({
      body: JSON.stringify({ validationResponse: JSON.parse(post.body ?? '')[0].data.validationCode }),
    }));
    expect(await grid.subscribe(webhook)).toEqual({ state: 'subscribed' });
    expect(posts[0]?.headers['aeg-event-type']).toBe('SubscriptionValidation');
    expect(bodies(posts)[0]).toMatchObject([{ eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent' }]);
  });

  it.each([
    ['another code', { body: '{"validationResponse":"no"}' }, 'validation code'],
    ['no JSON', { body: 'fine' }, 'validation code'],
    ['202', { status: 202 }, 'status 202'],
    ['nothing', new Error('ECONNREFUSED'), 'did not answer'],
  ])('refuses a webhook that answers %s', async (_, answer, reason) => {
    const { grid, posts, pass } = bench(() => answer);
    const handshake = await grid.subscribe(webhook);
    expect(handshake).toMatchObject({ state: 'refused', reason: expect.stringContaining(reason) });
    grid.publish(nearExpiry());
    await pass(1000);
    expect(posts).toHaveLength(1);
  });

  it.each([
    ['*', 'subscribed'],
    ['eventgrid.azure.net', 'subscribed'],
    ['other.example', 'refused'],
  ])('asks a CloudEvents webhook by OPTIONS: allowed origin %s is %s', async (origin, state) => {
    const { grid, posts } = bench(() => ({ headers: { 'webhook-allowed-origin': origin } }));
    const handshake = await grid.subscribe({ ...webhook, schema: 'CloudEventSchemaV1_0' });
    expect(handshake.state).toBe(state);
    expect(posts[0]).toMatchObject({ method: 'OPTIONS', headers: { 'webhook-request-origin': 'eventgrid.azure.net' } });
  });

  it.each([
    { name: 'x' },
    { endpoint: 'nowhere' },
    { maxDeliveryAttempts: 31 },
    { eventTimeToLiveInMinutes: 0 },
    { maxEventsPerBatch: 5001 },
  ])('refuses %o', async (wrong) => {
    const { grid } = bench();
    expect(await grid.subscribe({ ...subscription, ...wrong })).toMatchObject({ state: 'refused' });
  });
});
