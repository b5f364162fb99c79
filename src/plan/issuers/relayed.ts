import { whole } from '../schema-parts.ts';
import { type CommonIssuerPlan, common, isPrivate } from './every-issuer.ts';

/** What every issuer has whose orders somebody carries to the CA. */
export interface RelayedIssuerPlan extends CommonIssuerPlan {
  /** True for a CA that only this organisation trusts. */
  readonly private: boolean;
  /** How often it is looked whether somebody has answered. */
  readonly pollSeconds: number;
  /** How long an answer is waited for. */
  readonly answerDays: number;
}

/** The longest that an answer may be waited for. */
export const MOST_ANSWER_DAYS = 90;

/** `RelayedIssuerPlan`, without its limits. */
export const relayed = {
  private: isPrivate.default(true),
  pollSeconds: whole(10, 21_600).default(300),
  answerDays: whole(1, MOST_ANSWER_DAYS).default(30),
  ...common,
};
