import type { Catalog } from '../config/catalog.ts';
import { MAX_NAME, type RunConfig } from '../config/config.ts';
import { applyChanges } from '../config/configChanges.ts';
import { UserError } from '../errors.ts';
import { missingPaths, type Machine } from '../config/paths.ts';
import { configCheck, modalitiesIn, type CheckedConfig, type FindModalities } from '../config/parseConfig.ts';
import { runKeys, type RunKeys } from '../run/runKey.ts';
import { resolvePaths, storedPaths } from '../run/runPaths.ts';
import { presetsOf, type StudyConfig } from './studyConfig.ts';
import { elsewhere, joinRows, locate, placesOf, type RowFinding } from './studyFindings.ts';
import { gridTable } from './studyGrid.ts';
import type { PlannedRow, PlannedRun, PlannedTable, StudyPlan } from './studyPlan.ts';
import { presetTable, type RowDraft, type TableDraft } from './studyPresets.ts';
import { valueAt, type Finding, type Path } from '../config/yamlProblems.ts';

/** A study file and the config it starts from, both checked; what `parseStudy` gives. */
export interface CheckedStudy {
  readonly config: StudyConfig;
  /** The base with the changes of `set`, its paths absolute. */
  readonly base: RunConfig;
  /** Where relative paths in the study start (absolute). */
  readonly folder: string;
  /** The workspace that the runs belong to (absolute). */
  readonly workspace: string;
}

/**
 * The tables and runs of a study. Pure: the same study gives the same plan, and a further seed gives further runs and changes no
 * others. `modalitiesOf` is asked about datasets that have no fixed modalities in the catalogue, `machine` about paths.
 *
 * The config of a row is the base, then the changes that `methods` has for the row's method, then what the row itself sets, then
 * the seed. The base's `method:` settings and the epochs of its stages go where the row's method is another one.
 * Throws a `UserError` that lists every row whose config is not valid; after `parseStudy` with the same `modalitiesOf` there is none.
 */
export function expandStudy(study: CheckedStudy, catalog: Catalog, modalitiesOf?: FindModalities, machine?: Machine): StudyPlan {
  const { plan, findings } = expand(study, catalog, runKeys(catalog), modalitiesOf, machine);
  if (findings.length === 0) return plan;
  throw new UserError(findings.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'), `Mend the study "${study.config.name}".`);
}

/** What is wrong with the rows of a study, by its path in the study file. */
export function findingsOfRows(study: CheckedStudy, catalog: Catalog, modalitiesOf?: FindModalities, machine?: Machine): Finding[] {
  // Nobody sees the keys, and good ones take longer than the rest.
  return expand(study, catalog, () => '', modalitiesOf, machine).findings;
}

function expand(
  study: CheckedStudy, catalog: Catalog, keyOf: RunKeys, modalitiesOf?: FindModalities, machine?: Machine,
): { plan: StudyPlan; findings: Finding[] } {
  const { name, parallel } = study.config;
  const rowCheck = createRowCheck(study, catalog, configCheck(catalog, modalitiesOf, machine), machine);
  const drafts = draftTables(study, catalog, modalitiesOf);
  const findings: RowFinding[] = rowCheck.overrides();
  const runs = new Map<string, PlannedRun>();
  const tables = drafts.map(({ id, title, settings, rows, problems, at, seeds }): PlannedTable => {
    findings.push(...problems.map((message) => ({ message, path: at, onKey: false })));
    const planned = rows.flatMap((row): PlannedRow[] => {
      const { config, findings: wrong } = rowCheck.row(row, id, at);
      findings.push(...wrong);
      if (!config) return [];
      const stored = storedPaths(config, catalog, study.workspace);
      const own = seeds.map((seed) => planRun(stored, seed, { study: name, label: row.runLabel ?? row.label, workspace: study.workspace, keyOf }));
      for (const run of own) if (!runs.has(run.key)) runs.set(run.key, run);
      const target = row.target ?? onlyBranch(config);
      return [{
        id: row.id, label: row.label, settings: [...row.settings], ...(target === undefined ? {} : { target }),
        runs: own.map((run) => ({ seed: run.config.training.seed, key: run.key })),
      }];
    });
    return { id, title, settings: [...settings], rows: planned };
  });
  const notes = drafts.flatMap((draft) => draft.notes);
  const plan: StudyPlan = {
    format: 1, name, ...(parallel === undefined ? {} : { parallel }), tables, runs: inOrder([...runs.values()], catalog),
    ...(notes.length > 0 ? { notes } : {}),
  };
  return { plan, findings: joinRows(findings) };
}

/** A table with its seeds and its place in the study file. */
type PlacedDraft = TableDraft & { readonly at: Path; readonly seeds: readonly number[] };

function draftTables({ config, base }: CheckedStudy, catalog: Catalog, modalitiesOf?: FindModalities): PlacedDraft[] {
  const seeds = config.seeds ?? [base.training.seed];
  const modalities = modalitiesIn(base, catalog, modalitiesOf);
  const presets = presetsOf(config).map(({ id, options, at }) => ({
    ...presetTable(id, { catalog, base, modalities, only: options.only, overrides: config.methods }), at, seeds: options.seeds ?? seeds,
  }));
  return config.grid ? [...presets, { ...gridTable(config.grid), at: ['grid'], seeds }] : presets;
}

/** Makes the configs of rows, and finds the place in the study file that is to blame where one is not valid. */
function createRowCheck({ config: study, base, folder }: CheckedStudy, catalog: Catalog, check: (input: unknown) => CheckedConfig, machine?: Machine) {
  const overridesOf = (method: string) => ({
    changes: study.methods[method] ?? {},
    places: placesOf(study.methods[method] ?? {}, ['methods', method]),
  });
  return {
    /** Problems of the changes of every method, whether or not a table has a row for it. */
    overrides(): RowFinding[] {
      return Object.keys(study.methods).flatMap((method) => {
        const { changes, places } = overridesOf(method);
        return check(applyChanges(startOf(method, base, catalog), changes)).findings
          .flatMap((finding) => locate(finding, [places]) ?? []);
      });
    },
    /** The complete config of a row, but for its seed. */
    row(row: RowDraft, table: string, at: Path): { config?: RunConfig; findings: RowFinding[] } {
      const method = String(valueAt(applyChanges(base, row.changes), ['method', 'name']));
      const { changes, places } = overridesOf(method);
      const { config, findings: wrong } = check(applyChanges(applyChanges(startOf(method, base, catalog), changes), row.changes));
      const findings = config && machine ? missingPaths(config, catalog, folder, machine) : wrong;
      if (config && findings.length === 0) return { config: resolvePaths(config, catalog, folder), findings: [] };
      // Settings of the base's method are not in the config of another one.
      const set = Object.entries(placesOf(study.set, ['set'])).filter(([key]) => method === base.method.name || key.split('.')[0] !== 'method');
      return {
        findings: findings.map((finding) => ({
          ...locate(finding, [row.places ?? {}, places, Object.fromEntries(set)]) ?? elsewhere(finding, at), row: `${table} "${row.label}"`,
        })),
      };
    },
  };
}

/** The base with `method`: with settings and epochs that are not this method's left out. */
function startOf(method: string, base: RunConfig, catalog: Catalog): unknown {
  if (method === base.method.name) return base;
  const start = applyChanges(base, { 'method.name': method });
  const { epochs } = base.training;
  const stages = catalog.methods.find((each) => each.id === method)?.stages;
  if (typeof epochs === 'number' || !stages) return start;
  const kept = Object.entries(epochs).filter(([stage]) => stage === 'default' || stages.includes(stage.split(':')[0]!));
  return applyChanges(start, { 'training.epochs': Object.fromEntries(kept) });
}

/** What a planned run is called, and how its key is made. */
interface Planning {
  readonly study: string;
  readonly label: string;
  readonly workspace: string;
  readonly keyOf: RunKeys;
}

function planRun(rowConfig: RunConfig, seed: number, { study, label, workspace, keyOf }: Planning): PlannedRun {
  const config = { ...rowConfig, name: runName(study, label, seed), training: { ...rowConfig.training, seed } };
  return { key: keyOf(config, workspace), label: `${label} · seed ${seed}`, config };
}

/** `study · row · seed 0`, with the row cut short where the whole would be too long. */
function runName(study: string, label: string, seed: number): string {
  const name = (middle: string) => `${study} · ${middle} · seed ${seed}`;
  const room = MAX_NAME - name('').length;
  // Without half of a character that takes two units.
  return name(label.length <= room ? label : `${label.slice(0, room - 1).replace(/[\uD800-\uDBFF]$/, '')}…`);
}

/** The modality of a run that trains one branch only; there is no fusion to score. */
function onlyBranch({ method }: RunConfig): string | undefined {
  const modality = method.name === 'unimodal' ? method['modality'] : undefined;
  return typeof modality === 'string' && modality !== 'all' ? modality : undefined;
}

/**
 * The order in which runs are started. Methods that train branches alone (`unimodal`, `decoupled`, `udi`) come first, since they
 * can take these stages from one another; among them, as among the rest, runs of a seed stand together, in the order of the tables.
 */
function inOrder(runs: readonly PlannedRun[], catalog: Catalog): PlannedRun[] {
  const sharing = new Set(catalog.methods.filter((method) => method.stages.includes('unimodal')).map((method) => method.id));
  const rank = ({ config }: PlannedRun) => (sharing.has(config.method.name) ? 0 : 1);
  return runs.toSorted((a, b) => rank(a) - rank(b) || a.config.training.seed - b.config.training.seed);
}
