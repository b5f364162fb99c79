import {
  createMemoryAnswers,
  createMemoryAppRows,
  createMemoryEstate,
  createMemoryIssuances,
  createMemoryRevocations,
} from '../../../src/estate/memory.ts';
import { createMemoryRelay } from '../../../src/estate/relayed-memory.ts';
import { appRowSuite, estateSuite } from '../../contract/estate-suite.ts';
import { answerSuite, issuanceSuite, relaySuite, revocationSuite } from '../../contract/issuer-store-suite.ts';

const estate = createMemoryEstate();
estateSuite('the memory estate', () => estate);
const rows = createMemoryAppRows();
appRowSuite('the memory estate', () => rows);
const issuances = createMemoryIssuances();
issuanceSuite('the memory estate', () => issuances);
const answers = createMemoryAnswers();
answerSuite('the memory estate', () => answers);
const revocations = createMemoryRevocations();
revocationSuite('the memory estate', () => revocations);
const relay = createMemoryRelay();
relaySuite('the memory estate', () => relay);
