import { UserError } from '../../core/errors.ts';
import { cgmnist } from './cgmnist.ts';
import type { DatasetKind } from '../data/dataset.ts';
import { ownArrays } from './ownArrays.ts';
import { syntheticArrays } from './syntheticArrays.ts';
import { syntheticAv } from './syntheticAv.ts';
import { syntheticDigits } from './syntheticDigits.ts';

/** Every dataset, in the order in which help lists them. */
export const datasets: readonly DatasetKind[] = [cgmnist, syntheticAv, syntheticDigits, syntheticArrays, ownArrays];

/** The dataset with this id; a `UserError` that lists all of them if there is none. */
export function findDataset(id: string): DatasetKind {
  const kind = datasets.find((each) => each.id === id);
  if (kind) return kind;
  const known = datasets.map((each) => each.id).join(', ');
  throw new UserError(`Unknown dataset "${id}".`, `Set dataset.name to one of: ${known}.`);
}
