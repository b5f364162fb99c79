import { createMemoryJournal } from '../../../src/journal/memory.ts';
import { journalSuite } from '../../contract/journal-suite.ts';

const journal = createMemoryJournal();
journalSuite('the memory journal', () => journal);
