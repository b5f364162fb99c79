import { describe, expect, it } from 'vitest';
import { problemDocument } from '../../../src/api/problems.ts';
import { errorAnswer, unreadyAnswer } from '../../../src/api/renewals.ts';
import { readSettings } from '../../../src/config/read-settings.ts';
import { readEstate } from '../../../src/plan/estate-file.ts';

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

const mistaken = thrownBy(() => readSettings({ PERENNIAL_TYPO: 'x', PERENNIAL_SWEEP_SCHEDULE: 'now and then' }));

describe('unreadyAnswer', () => {
  it('lists every mistake of the settings, where other calls say that there are some', () => {
    const { status, headers, body } = unreadyAnswer(mistaken);
    expect([status, headers['content-type']]).toEqual([503, 'application/problem+json']);
    const { problems, ...rest } = problemDocument.parse(body);
    expect(problems?.map((line) => line.split(' ', 1)[0])).toEqual([
      ...['PERENNIAL_ESTATE', 'PERENNIAL_SWEEP_SCHEDULE', 'PERENNIAL_TABLE_ENDPOINT', 'PERENNIAL_TYPO'],
    ]);
    expect(errorAnswer(mistaken).body).toEqual(rest);
  });

  it('lists every mistake of the estate file by its line, without naming the file', () => {
    const error = thrownBy(() => readEstate('schema: 2\nvaults: 3\n', '/secret/place/estate.yaml'));
    const { problems } = problemDocument.parse(unreadyAnswer(error).body);
    expect(problems).toEqual(
      expect.arrayContaining([expect.stringMatching(/^line 1,/), expect.stringMatching(/^line 2,/)]),
    );
    expect(JSON.stringify(unreadyAnswer(error))).not.toContain('/secret/place');
  });

  it('tells no more than any other call of what is no mistake of a person', () => {
    const bug = new TypeError('cannot read x of undefined');
    expect(unreadyAnswer(bug)).toEqual(errorAnswer(bug));
  });
});
