import { benchOf } from './benches/given.ts';
import { conformanceSuite } from './suite.ts';

// Read here, where `npm run conformance -- --issuer …` has put it.
conformanceSuite(benchOf(process.env.PERENNIAL_TEST_CONFORMANCE ?? ''));
