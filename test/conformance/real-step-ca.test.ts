import { expect, it } from 'vitest';
import { stepCaProgram } from '../contract/step-ca.ts';
import { stepCaAt } from './benches/real-step-ca.ts';
import { conformanceSuite } from './suite.ts';

const program = stepCaProgram();
if ('path' in program) conformanceSuite(stepCaAt(program.path));
else {
  it('says that nothing was tried', () => {
    console.log(`NOT RUN: the step-ca issuer against step-ca: ${program.missing}`);
    expect(program.missing).toMatch(/\S/);
  });
}
