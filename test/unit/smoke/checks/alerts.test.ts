import { describe, expect, it } from 'vitest';
import { judgeAlert, judgeGroup } from '../../../../smoke/checks/alerts.ts';

describe('an alert', () => {
  it.each([
    [{ properties: { enabled: true } }, ['/group'], []],
    [undefined, [], ['missing: p-no-sweep']],
    [{ properties: { enabled: false } }, ['/group'], ['p-no-sweep is switched off']],
    [{ properties: { enabled: true } }, [], ['p-no-sweep tells nobody']],
    [{}, [], ['p-no-sweep is switched off', 'p-no-sweep tells nobody']],
  ])('%#', (alert, groups, problems) => {
    expect(judgeAlert('p-no-sweep', alert, groups)).toEqual(problems);
  });
});

describe('an action group', () => {
  const id = '/subscriptions/s/providers/Microsoft.Insights/actionGroups/people';
  const mail = (status: string) => [{ name: 'a', emailAddress: 'a@contoso.example', status }];
  it.each([
    [{ enabled: true, emailReceivers: mail('Enabled'), smsReceivers: [] }, []],
    [{ enabled: true, webhookReceivers: [{ name: 'b' }] }, []],
    [{ enabled: true, emailReceivers: mail('Disabled') }, ['action group people has nobody who hears']],
    [{ enabled: true, emailReceivers: [] }, ['action group people has nobody who hears']],
    [{ enabled: false, emailReceivers: mail('Enabled') }, ['action group people is switched off']],
  ])('%#', (properties, problems) => {
    expect(judgeGroup(id, { properties })).toEqual(problems);
  });

  it('that is gone is named', () => {
    expect(judgeGroup(id, undefined)).toEqual(['missing: action group people']);
  });
});
