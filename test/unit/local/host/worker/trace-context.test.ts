import { expect, test } from 'vitest';
import { traceContextOf } from '../../../../../local/host/worker/trace-context.ts';

const invocationId = '0b9f3f1e-7a58-4d1c-9b3e-2f6f7d6a1c11';
const own = invocationId.replaceAll('-', '');
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';

test('a call goes on in the trace of its request, as a span of its own', () => {
  expect(traceContextOf(invocationId, `00-${traceId}-00f067aa0ba902b7-01`)).toEqual({
    traceParent: `00-${traceId}-${own.slice(0, 16)}-01`,
    ...{ traceState: '', attributes: {} },
  });
});

test.each([
  ['no header', undefined],
  ['a header that is none', 'hello'],
  ['zeros', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
])('a call begins a new trace after %s', (_, header) => {
  expect(traceContextOf(invocationId, header).traceParent).toBe(`00-${own}-${own.slice(0, 16)}-00`);
});
