import { createMemoryEstate, createMemoryIssuances } from '../../../src/estate/memory.ts';
import { estateSuite, issuanceSuite } from '../../contract/estate-suite.ts';

const estate = createMemoryEstate();
estateSuite('the memory estate', () => estate);
const issuances = createMemoryIssuances();
issuanceSuite('the memory estate', () => issuances);
