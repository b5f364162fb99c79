import type { App } from '../app.ts';
import { listAt, textAt } from '../json.ts';
import type { Finding } from '../report.ts';
import { saidBy } from '../rest.ts';
import { looking } from './looking.ts';

/** The app's own word for how it is. */
export function lookAtHealth(app: App): Promise<Finding> {
  return looking(async () => {
    const answer = await app.health();
    const state = textAt(answer.body, 'state');
    if (answer.status === 200 && state === 'healthy') return { saw: 'healthy' };
    const problems = listAt(answer.body, 'problems').map((one) =>
      typeof one === 'string' ? one : textAt(one, 'code'),
    );
    return { saw: problems.length > 0 ? problems.join('; ') : saidBy(answer) };
  });
}
