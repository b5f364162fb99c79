import { crashMatrix } from './matrix.ts';
import { rows } from './rows.ts';

const ofApp = rows.filter(({ killed }) => killed !== 'Azurite');
crashMatrix('worker and host killed with -9, second half', ofApp.slice(ofApp.length / 2), 32);
