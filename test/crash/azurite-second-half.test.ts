import { crashMatrix } from './matrix.ts';
import { rows } from './rows.ts';

const ofStorage = rows.filter(({ killed }) => killed === 'Azurite');
crashMatrix('Azurite killed with -9, second half', ofStorage.slice(ofStorage.length / 2), 34);
