import { crashMatrix } from './matrix.ts';
import { rows } from './rows.ts';

const ofStorage = rows.filter(({ killed }) => killed === 'Azurite');
crashMatrix('Azurite killed with -9', ofStorage, 33);
