import { closest } from 'fastest-levenshtein';
import { UserError } from '../../core/errors.ts';
import type { Method } from './method.ts';
import { agm } from './agm.ts';
import { cml } from './cml.ts';
import { dcOnly } from './dcOnly.ts';
import { decoupled } from './decoupled.ts';
import { gblending } from './gblending.ts';
import { greedy } from './greedy.ts';
import { lfm } from './lfm.ts';
import { mla } from './mla.ts';
import { mmpareto } from './mmpareto.ts';
import { modalityValuation } from './modalityValuation.ts';
import { ogm } from './ogm.ts';
import { opm } from './opm.ts';
import { pmr } from './pmr.ts';
import { reconboost } from './reconboost.ts';
import { relearning } from './relearning.ts';
import { sum } from './sum.ts';
import { udi } from './udi.ts';
import { unimodal } from './unimodal.ts';

/** All methods, in the order in which lists show them. */
export const methods: readonly Method[] = [
  unimodal, sum, cml, gblending, mmpareto, lfm, ogm, agm, pmr, relearning, reconboost, mla, opm, greedy, modalityValuation, decoupled, dcOnly, udi,
];

/** The method with this id; an unknown one is an error that names those that exist. */
export function findMethod(id: string): Method {
  const ids = methods.map((method) => method.id);
  const found = methods.find((method) => method.id === id);
  if (found) return found;
  throw new UserError(`Unknown method "${id}". Did you mean "${closest(id, ids)}"?`, `Known methods: ${ids.join(', ')}.`);
}
