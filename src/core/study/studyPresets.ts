import { methodRefusal, type Catalog } from '../config/catalog.ts';
import type { RunConfig } from '../config/config.ts';
import { epochsOf } from '../config/training.ts';
import { applyChanges, type Changes } from '../config/configChanges.ts';
import type { PresetId, StudyTableId } from './studyPlan.ts';
import { unknownName } from '../config/knownNames.ts';
import { valueAt, type Path } from '../config/yamlProblems.ts';

/** A row before its configs are made. */
export interface RowDraft {
  readonly id: string;
  readonly label: string;
  /** How its runs are called, where several rows share them; `label` if absent. */
  readonly runLabel?: string;
  readonly settings: readonly string[];
  readonly target?: string;
  /** What its config has in place of the base's values, by dotted key. */
  readonly changes: Changes;
  /** Where the study file says so, by the same keys; absent in presets. */
  readonly places?: Readonly<Record<string, Path>>;
}

/** A table before its configs are made. */
export interface TableDraft {
  readonly id: StudyTableId;
  readonly title: string;
  readonly settings: readonly string[];
  readonly rows: readonly RowDraft[];
  /** What was left out, and why. */
  readonly notes: readonly string[];
  /** Why the table cannot be made; it has no rows then. */
  readonly problems: readonly string[];
}

/** What the rows of a preset depend on. */
export interface PresetContext {
  readonly catalog: Catalog;
  readonly base: RunConfig;
  /** Modalities of the base's dataset; undefined if they are not known, which leaves rows out. */
  readonly modalities: readonly string[] | undefined;
  /** Methods that the preset `methods` is restricted to. */
  readonly only: readonly string[] | undefined;
  /** Changes of the base by method. */
  readonly overrides: Readonly<Record<string, Changes | undefined>>;
}

type Rows = Pick<TableDraft, 'rows' | 'notes'>;

/** Titles and the headings before the scores, as in the paper's Tables 1 to 4. */
const presets: Readonly<Record<PresetId, {
  readonly title: string;
  readonly settings: readonly string[];
  /** Methods without which the table cannot be. */
  readonly needs: readonly string[];
  readonly rows: (context: PresetContext) => Rows;
}>> = {
  methods: { title: 'Methods', settings: [], needs: [], rows: methodRows },
  components: { title: 'Components of UDI', settings: ['DO', 'DC'], needs: ['sum', 'dc-only', 'decoupled', 'udi'], rows: componentRows },
  alpha: { title: 'Weights of the unsupervised terms', settings: ['α_con', 'α_com'], needs: ['udi'], rows: alphaRows },
  anchor: { title: 'Choice of the anchor', settings: ['anchor'], needs: ['udi'], rows: anchorRows },
};

/** The table of a preset, without the configs of its runs. */
export function presetTable(id: PresetId, context: PresetContext): TableDraft {
  const { title, settings, needs, rows } = presets[id];
  const known = context.catalog.methods.map((method) => method.id);
  const problems = needs.filter((method) => !known.includes(method))
    .map((method) => `The preset "${id}" needs a method that is not in the catalogue. ${unknownName('method', method, known)}`);
  return { id, title, settings, problems, ...(problems.length > 0 ? { rows: [], notes: [] } : rows(context)) };
}

/** Rows of Table 2, of no use in Table 1 unless they are asked for. */
const ablations = ['decoupled', 'dc-only'];

/** One row for every method, and for every branch of `unimodal`; those rows share one run that trains all branches. */
function methodRows({ catalog, base, modalities, only, overrides }: PresetContext): Rows {
  const rows: RowDraft[] = [];
  const notes: string[] = [];
  for (const method of catalog.methods) {
    if (only ? !only.includes(method.id) : ablations.includes(method.id)) continue;
    const changed = applyChanges(base, overrides[method.id] ?? {});
    const refusal = modalities && methodRefusal(method, modalities, {
      fusion: String(valueAt(changed, ['model', 'fusion'])),
      epochs: (stage) => epochsOf(stage, valueAt(changed, ['training', 'epochs']) as RunConfig['training']['epochs']),
    });
    if (refusal) {
      notes.push(`${method.label} is left out of the table of methods. ${refusal.message}`);
    } else if (method.id === 'unimodal') {
      rows.push(...(modalities ?? []).map((modality) => ({
        id: `unimodal:${modality}`, label: `${method.label} (${modality})`, runLabel: method.label, settings: [], target: modality,
        changes: { 'method.name': method.id, 'method.modality': 'all' },
      })));
    } else {
      rows.push({ id: method.id, label: method.label, settings: [], changes: { 'method.name': method.id } });
    }
  }
  return { rows, notes };
}

const [no, yes] = ['–', '✓'];

/** Without both it is joint training, with both it is UDI (methods.md 7). */
function componentRows({ catalog }: PresetContext): Rows {
  const row = (method: string, settings: readonly string[], changes: Changes = {}): RowDraft => ({
    id: method, label: catalog.methods.find((each) => each.id === method)!.label, settings, changes: { 'method.name': method, ...changes },
  });
  const rows = [
    row('sum', [no, no]),
    row('dc-only', [no, yes]),
    row('decoupled', [yes, no]),
    row('udi', [yes, yes], { 'method.alpha': 'dynamic' }),
  ];
  return { rows, notes: [] };
}

function alphaRows(): Rows {
  const fixed = ([[0, 1], [1, 0], [0, 0]] as const).map(([consistency, complementary]): RowDraft => ({
    id: `${consistency},${complementary}`,
    label: `α = (${consistency}, ${complementary})`,
    settings: [String(consistency), String(complementary)],
    changes: { 'method.name': 'udi', 'method.alpha': { consistency, complementary } },
  }));
  const dynamic: RowDraft = {
    id: 'dynamic', label: 'α dynamic', settings: ['dynamic', 'dynamic'], changes: { 'method.name': 'udi', 'method.alpha': 'dynamic' },
  };
  return { rows: [...fixed, dynamic], notes: [] };
}

function anchorRows({ modalities = [] }: PresetContext): Rows {
  const row = (id: string, anchor: string): RowDraft =>
    ({ id, label: `Anchor ${anchor}`, settings: [anchor], changes: { 'method.name': 'udi', 'method.anchor': anchor } });
  return { rows: [...modalities.map((modality) => row(`anchor:${modality}`, modality)), row('auto', 'auto')], notes: [] };
}
