import { crashMatrix } from './matrix.ts';
import { rows } from './rows.ts';

const ofApp = rows.filter(({ killed }) => killed !== 'Azurite');
crashMatrix('worker and host killed with -9, first half', ofApp.slice(0, ofApp.length / 2), 31);
