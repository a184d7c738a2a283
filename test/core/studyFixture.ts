import type { Catalog } from '../../src/core/config/catalog.ts';
import { expandStudy, type CheckedStudy } from '../../src/core/study/expandStudy.ts';
import { parseStudy, requireStudy, type ParsedStudy } from '../../src/core/study/parseStudy.ts';
import type { PlannedRow, StudyPlan, StudyTableId } from '../../src/core/study/studyPlan.ts';
import { catalog as small } from './catalogFixture.ts';

const method = (id: string, label: string, stages: string[], more: Partial<Catalog['methods'][number]> = {}) =>
  ({ id, label, source: 'test', stages, hparams: {}, ...more });

/** The methods that the presets need and a few more, independent of what the trainer offers. */
export const catalog: Catalog = {
  ...small,
  methods: [
    method('unimodal', 'Unimodal', ['unimodal'], { hparams: { modality: { type: 'modality', choices: ['all'], default: 'all', help: '' } } }),
    small.methods.find((each) => each.id === 'sum')!,
    method('ogm', 'OGM', ['joint'], { hparams: { alpha: { type: 'number', min: 0, max: 1, default: 0.3, help: '' } } }),
    method('greedy', 'Greedy', ['joint'], { modalities: { max: 2, reason: 'Its gates join two branches.' } }),
    small.methods.find((each) => each.id === 'udi')!,
    method('decoupled', 'Decoupled', ['unimodal', 'follower']),
    method('dc-only', 'DC only', ['joint']),
  ],
};

/** A base as it stands beside the study; the dataset has the modalities gray and color. */
export const baseText = `dataset: { name: cgmnist, root: ./mnist }
method: { name: udi, tieTolerance: 2 }
training: { epochs: 10, seed: 7 }
`;

const options = (base: string) => ({
  file: '/project/studies/tables.udi-study.yaml',
  readFile: (path: string) => {
    if (path === '/project/studies/base.udi.yaml') return base;
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  },
  modalitiesOf: () => ['m1', 'm2', 'm3'],
});

/** A study with the base `base.udi.yaml` beside it. */
export function parse(text: string, base = baseText, from = catalog): ParsedStudy {
  return parseStudy(text, from, options(base));
}

/** The checked study; throws as the command line would. */
export function checked(text: string, base = baseText, from = catalog): CheckedStudy {
  return requireStudy(text, from, options(base));
}

/** The plan of a study that has no problems. */
export function planOf(text: string, base = baseText, from = catalog): StudyPlan {
  return expandStudy(checked(text, base, from), from, options(base).modalitiesOf);
}

/** The rows of one table of a plan. */
export function rowsOf(plan: StudyPlan, table: StudyTableId): PlannedRow[] {
  return plan.tables.find((each) => each.id === table)!.rows;
}

/** The first run of a row. */
export function runOf(plan: StudyPlan, table: StudyTableId, row: string) {
  const { key } = rowsOf(plan, table).find((each) => each.id === row)!.runs[0]!;
  return plan.runs.find((run) => run.key === key)!;
}
