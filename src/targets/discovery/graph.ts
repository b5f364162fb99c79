import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import type { Arm } from '../../azure/arm.ts';
import { RenewalError } from '../../errors.ts';

/** Azure Resource Graph: what is in the subscriptions, some seconds or minutes ago. */
export interface Graph {
  /**
   * All rows of a query over these subscriptions, page after page. Of subscriptions that the identity may not see there are
   * none, without a word. Throws `RenewalError` with an `arm-*` code; a part of the rows is never an answer.
   */
  ask(query: string, subscriptions: readonly string[]): Promise<readonly unknown[]>;
}

export interface GraphOptions {
  readonly arm: Pick<Arm, 'post'>;
  /** Rests when the quota of the identity is used up. Absent: real time. */
  readonly rest?: (seconds: number) => Promise<void>;
  /** Rows of a page; absent: Azure's most. */
  readonly pageRows?: number;
}

/** Azure takes more, and would answer slower: its guidance groups subscriptions. */
const SUBSCRIPTIONS_A_QUERY = 100;
const PAGE_ROWS = 1000;
/** A hundred thousand rows of one query: more is a mistake of the query, or an estate beyond what one sweep can look at. */
const MOST_PAGES = 100;
/** A longer rest is left to the next look. */
const LONGEST_REST_SECONDS = 30;

const page = z.looseObject({
  data: z.array(z.unknown()),
  // Azure writes the words; a boolean is what it will be one day.
  resultTruncated: z.union([z.boolean(), z.enum(['true', 'false']).transform((word) => word === 'true')]),
  $skipToken: z.string().min(1).max(100_000).nullish(),
});

/** https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources, version 2021-03-01 */
export function createGraph({ arm, rest = pause, pageRows = PAGE_ROWS }: GraphOptions): Graph {
  const pagesOf = async (query: string, subscriptions: readonly string[]): Promise<readonly unknown[]> => {
    const rows: unknown[] = [];
    let skipToken: string | undefined;
    for (let pages = 1; pages <= MOST_PAGES; pages++) {
      const answer = await post({ query, subscriptions, options: optionsOf(pageRows, skipToken) });
      rows.push(...answer.data);
      skipToken = answer.$skipToken ?? undefined;
      if (skipToken === undefined) {
        if (!answer.resultTruncated) return rows;
        throw broken('the answer is cut, and says nothing of the rest');
      }
    }
    throw broken(`more than ${MOST_PAGES} pages`);
  };

  const post = async (body: object): Promise<z.output<typeof page>> => {
    const written = await arm.post('/providers/Microsoft.ResourceGraph/resources', body);
    const read = page.safeParse(written.state === 'done' ? written.body : undefined);
    if (!read.success) throw broken('the answer is no page of rows');
    if (written.state === 'done' && written.restSeconds !== undefined) await restFor(written.restSeconds, rest);
    return read.data;
  };

  return {
    async ask(query, subscriptions) {
      const rows: unknown[] = [];
      for (let at = 0; at < subscriptions.length; at += SUBSCRIPTIONS_A_QUERY) {
        rows.push(...(await pagesOf(query, subscriptions.slice(at, at + SUBSCRIPTIONS_A_QUERY))));
      }
      return rows;
    },
  };
}

function optionsOf($top: number, $skipToken: string | undefined) {
  return { resultFormat: 'objectArray', $top, ...($skipToken !== undefined && { $skipToken }) };
}

async function restFor(seconds: number, rest: (seconds: number) => Promise<void>): Promise<void> {
  if (seconds <= LONGEST_REST_SECONDS) return rest(seconds);
  throw new RenewalError('arm-throttled', `resource graph: told to rest for ${seconds} s`, {
    retryAfterSeconds: seconds,
  });
}

function broken(problem: string): RenewalError {
  return new RenewalError('arm-unreachable', `resource graph: query failed: ${problem}`);
}

async function pause(seconds: number): Promise<void> {
  await setTimeout(seconds * 1000);
}
