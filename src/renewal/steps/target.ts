import type { TargetRow } from '../../estate/port.ts';
import type { Look, VersionToServe } from '../../targets/port.ts';
import type { Dependencies } from '../dependencies.ts';
import type { StepInput } from '../story.ts';
import { done, type Step } from './step.ts';

type TargetInput = Pick<
  StepInput<'deploy'>,
  'renewalId' | 'target' | 'version' | 'vaultUri' | 'vaultResourceId' | 'certificate' | 'issuer'
>;

/** A fresh look at what a target serves. While it does not serve yet what it should, that is not worth a record. */
export const probe: Step<'probe'> = {
  run: async (input, app) =>
    done(
      await (await adapterOf(input, app)).probe(input.target, { purpose: purposeOf(input), version: versionOf(input) }),
    ),
  result: (value, { purpose, version }) => {
    if (purpose !== 'baseline' && purpose !== 'last' && (value.state !== 'served' || value.sha256 !== version.sha256))
      return undefined;
    return { purpose, ...value };
  },
  subject: ({ target, purpose, round }) => `${target.id}:${purpose}:${round}`,
};

/** Stage 9, for one target. */
export const deploy: Step<'deploy'> = {
  async run(input, app) {
    const answer = await (await adapterOf(input, app)).deploy(input.target, versionOf(input));
    if (answer.state === 'deployed') {
      const { lookAfterSeconds } = answer;
      return done({ ...(lookAfterSeconds !== undefined && { lookAfterSeconds }) });
    }
    return done({ refused: answer.reason, ...(answer.touched && { touched: answer.touched }) });
  },
  intent: ({ target, version }) => ({ target: target.id, version: version.version, certificate: version.sha256 }),
  result: (value, { target }) => ({ target: target.id, ...value }),
  subject: ({ target }) => target.id,
};

/** `version` is the last good one: once it has expired nobody would believe it, and the way back is worse than none. */
export const rollBack: Step<'rollBack'> = {
  async run(input, app) {
    const { notAfter } = input.version;
    if (Date.parse(notAfter) <= app.clock.now().getTime())
      return done({ rolledBack: false, detail: `the version before has expired at ${notAfter}` });
    const answer = await (await adapterOf(input, app)).rollBack(input.target, versionOf(input));
    if (answer.state === 'rolled-back') return done({ rolledBack: true, detail: answer.detail });
    return done({ rolledBack: false, detail: answer.reason });
  },
  intent: ({ target, version }) => ({ target: target.id, backTo: version.sha256 }),
  result: (value, { target }) => ({ target: target.id, ...value }),
  subject: ({ target }) => target.id,
};

/** The end of one target, and of its roll back: what it was last seen serving goes into its row. */
export const targetClosed: Step<'targetClosed'> = {
  async run(input, app) {
    const { result, target } = input;
    const row: TargetRow = {
      certificate: `${input.vault}/${input.certificate}`,
      targetId: target.id,
      kind: target.kind,
      renewalId: input.renewalId,
      ...(result.servedSha256 !== undefined && { servedSha256: result.servedSha256 }),
      expectedSha256: input.version.sha256,
      verified: result.verified,
      seenAt: app.clock.now().toISOString(),
      ...(result.problem !== undefined && { problem: result.problem }),
    };
    await app.store.saveTarget(row);
    return done({ recorded: true });
  },
  result: (_value, { result }) => ({ ...result }),
  subject: ({ target, result, isLast }) => {
    if (isLast) return `${target.id}:last`;
    return result.rolledBack === undefined ? target.id : `${target.id}:roll-back`;
  },
};

/** Nothing was asked of the target that it could report: that look is as the one before a deployment. */
function purposeOf({ purpose }: Pick<StepInput<'probe'>, 'purpose'>): Look['purpose'] {
  return purpose === 'last' ? 'baseline' : purpose;
}

async function adapterOf({ issuer, target }: TargetInput, app: Dependencies) {
  return app.target(await app.estate(), issuer, target.kind);
}

function versionOf({ renewalId, version, vaultUri, vaultResourceId, certificate }: TargetInput): VersionToServe {
  const { version: id, sha256, thumbprint } = version;
  return { renewalId, vault: vaultUri, vaultResourceId, name: certificate, version: id, sha256, thumbprint };
}
