import { expect, test } from 'vitest';
import { checkFunctions } from '../../../../../local/host/triggers/bindings.ts';
import { functionInfo } from '../http/requests.ts';

test('resolves settings in bindings, but not in routes', () => {
  const info = functionInfo('f', 'timerTrigger', { schedule: '%SWEEP%', route: '100%a%' });
  const { functions } = checkFunctions([info], { SWEEP: '0 0 * * * *' });
  expect(functions[0]?.trigger).toMatchObject({ schedule: '0 0 * * * *', route: '100%a%' });
});

test('reports all mistakes at once', () => {
  const blob = { type: 'blob', direction: 'in' as const, name: 'b' };
  const trigger = functionInfo('f', 'timerTrigger', { schedule: '%MISSING%' }).trigger;
  const check = () =>
    checkFunctions(
      [{ name: 'f', trigger, bindings: [trigger, blob] }, functionInfo('g', 'queueTrigger', { queueName: '%NONE%' })],
      {},
    );
  expect(check).toThrow(/no in binding "blob"[\s\S]*schedule: "%MISSING%"[\s\S]*"g", queueName: "%NONE%"/);
});

test('warns about a trigger that nothing fires here', () => {
  expect(checkFunctions([functionInfo('f', 'serviceBusTrigger')], {}).warnings).toEqual([
    expect.stringContaining('no source for serviceBusTrigger'),
  ]);
});
