import { crashMatrix } from './matrix.ts';
import { rows } from './rows.ts';

const ofStorage = rows.filter(({ killed }) => killed === 'Azurite');
crashMatrix('Azurite killed with -9, first half', ofStorage.slice(0, ofStorage.length / 2), 33);
