import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import { QueueServiceClient, StorageRetryPolicyType } from '@azure/storage-queue';
import { HostError, messageOf } from '../host-error.ts';
import type { QueueOptions } from '../settings.ts';
import type { FunctionInfo, Invocation, Worker } from '../types.ts';
import { timeSpanMilliseconds } from './time-span.ts';

export interface QueueTriggerOptions {
  readonly functions: readonly FunctionInfo[];
  readonly settings: Readonly<Record<string, string>>;
  readonly queues: QueueOptions;
  readonly worker: Worker;
  readonly log: (message: string, functionName: string) => void;
  /** Told of every message's run, so that somebody can wait for all that is under way. */
  readonly track: (run: Promise<void>) => void;
}

export interface QueueTriggers {
  /** Stops polling, and waits for what is under way. */
  stop(): Promise<void>;
}

const SHORTEST_PAUSE_MILLISECONDS = 100;
/** As long as Azure hides a message from others while a function works on it. */
const HIDDEN_SECONDS = 600;

/** Polls the queue of every queue trigger. Throws `HostError` when a connection is missing. */
export function startQueueTriggers(options: QueueTriggerOptions): QueueTriggers {
  const infos = options.functions.filter(({ trigger }) => trigger.type.toLowerCase() === 'queuetrigger');
  const pollers = infos.map((info) => new QueuePoller(options, info));
  for (const poller of pollers) poller.start();
  return { stop: async () => void (await Promise.all(pollers.map((poller) => poller.stop()))) };
}

class QueuePoller {
  readonly #options: QueueTriggerOptions;
  readonly #info: FunctionInfo;
  readonly #queue: QueueClient;
  readonly #poison: QueueClient;
  readonly #stopping = new AbortController();
  #polling: Promise<void> = Promise.resolve();
  #unreadable = false;

  constructor(options: QueueTriggerOptions, info: FunctionInfo) {
    const name = String(info.trigger.queueName ?? '').toLowerCase();
    if (!/^[a-z0-9](-?[a-z0-9]){2,62}$/.test(name)) {
      throw new HostError(`Function "${info.name}": "${name}" is no queue name.`);
    }
    const service = serviceOf(info, options.settings);
    this.#options = options;
    this.#info = info;
    this.#queue = service.getQueueClient(name);
    this.#poison = service.getQueueClient(`${name}-poison`);
  }

  start(): void {
    this.#polling = this.#poll();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#polling;
  }

  async #poll(): Promise<void> {
    const longest = timeSpanMilliseconds(this.#options.queues.maxPollingInterval) ?? SHORTEST_PAUSE_MILLISECONDS;
    let pause = SHORTEST_PAUSE_MILLISECONDS;
    while (!this.#stopping.signal.aborted) {
      const found = await this.#batch();
      pause = found > 0 ? SHORTEST_PAUSE_MILLISECONDS : Math.min(longest, pause * 2);
      if (found === 0) await paused(pause, this.#stopping.signal);
    }
  }

  /** Runs what is in the queue now; answers with how much that was. */
  async #batch(): Promise<number> {
    const messages = await this.#received();
    const runs = messages.map((message) => this.#work(message));
    for (const run of runs) this.#options.track(run);
    await Promise.all(runs);
    return messages.length;
  }

  async #received(): Promise<readonly DequeuedMessageItem[]> {
    const { batchSize } = this.#options.queues;
    try {
      const answer = await this.#queue.receiveMessages({
        numberOfMessages: batchSize,
        visibilityTimeout: HIDDEN_SECONDS,
        abortSignal: this.#stopping.signal,
      });
      this.#unreadable = false;
      return answer.receivedMessageItems;
    } catch (error) {
      // A queue that does not exist yet is an empty one: whoever sends first makes it.
      const missing = (error as { statusCode?: number }).statusCode === 404;
      if (!missing && !this.#stopping.signal.aborted) this.#sayUnreadable(error);
      return [];
    }
  }

  /** Once an outage, not once a poll. */
  #sayUnreadable(error: unknown): void {
    if (!this.#unreadable) this.#say(`The queue ${this.#queue.name} cannot be read: ${messageOf(error)}`);
    this.#unreadable = true;
  }

  async #work(message: DequeuedMessageItem): Promise<void> {
    try {
      await this.#called(message);
    } catch (error) {
      // It becomes visible again by itself, and is tried once more.
      this.#say(`Message ${message.messageId} cannot be settled: ${messageOf(error)}`);
    }
  }

  async #called(message: DequeuedMessageItem): Promise<void> {
    const { worker, queues } = this.#options;
    const text = decoded(message.messageText, queues.messageEncoding);
    if (text === undefined || message.dequeueCount > queues.maxDequeueCount) return this.#toPoison(message);
    const result = await worker.invoke(queueInvocation(this.#info, { text, message }));
    if (result.state === 'succeeded') {
      await this.#queue.deleteMessage(message.messageId, message.popReceipt);
      return;
    }
    if (result.state === 'failed') this.#say(result.stack ?? result.message);
    if (message.dequeueCount >= queues.maxDequeueCount) return this.#toPoison(message);
    const seconds = (timeSpanMilliseconds(queues.visibilityTimeout) ?? 0) / 1000;
    await this.#queue.updateMessage(message.messageId, message.popReceipt, message.messageText, seconds);
  }

  /** Copied first, deleted then: a crash between leaves the message twice, never lost. */
  async #toPoison(message: DequeuedMessageItem): Promise<void> {
    await this.#poison.createIfNotExists();
    await this.#poison.sendMessage(message.messageText);
    await this.#queue.deleteMessage(message.messageId, message.popReceipt);
    this.#say(`Message ${message.messageId} was moved to ${this.#poison.name} after ${message.dequeueCount} tries.`);
  }

  #say(message: string): void {
    this.#options.log(message, this.#info.name);
  }
}

function serviceOf({ name, trigger }: FunctionInfo, settings: Readonly<Record<string, string>>): QueueServiceClient {
  const wanted = String(trigger.connection ?? 'AzureWebJobsStorage');
  const connection = settings[wanted] ?? settings[`AzureWebJobs${wanted}`];
  if (connection === undefined || connection === '') {
    throw new HostError(`Function "${name}": the setting "${wanted}" must hold the queue's connection string.`);
  }
  try {
    const retryOptions = { maxTries: 2, retryPolicyType: StorageRetryPolicyType.FIXED, retryDelayInMs: 200 };
    return QueueServiceClient.fromConnectionString(connection, { retryOptions });
  } catch {
    // The client's own message may quote the string, and with it the account's key.
    throw new HostError(`Function "${name}": the setting "${wanted}" is no connection string.`);
  }
}

interface QueueRun {
  readonly text: string;
  readonly message?: DequeuedMessageItem;
}

export function queueInvocation({ name, trigger }: FunctionInfo, { text, message }: QueueRun): Invocation {
  const call = { functionName: name, inputs: { [trigger.name]: { string: text } } };
  if (message === undefined) return call;
  return {
    ...call,
    triggerMetadata: {
      QueueTrigger: { string: text },
      Id: { string: message.messageId },
      PopReceipt: { string: message.popReceipt },
      DequeueCount: { int: message.dequeueCount },
      InsertionTime: { json: JSON.stringify(message.insertedOn) },
      ExpirationTime: { json: JSON.stringify(message.expiresOn) },
      NextVisibleTime: { json: JSON.stringify(message.nextVisibleOn) },
    },
  };
}

/** `undefined`: not Base64 although the host expects it, so that the message can never be read. */
export function decoded(text: string, encoding: 'base64' | 'none'): string | undefined {
  if (encoding === 'none') return text;
  const bytes = Buffer.from(text, 'base64');
  const canonical = bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  return canonical ? bytes.toString('utf8') : undefined;
}

function paused(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done);
  });
}
