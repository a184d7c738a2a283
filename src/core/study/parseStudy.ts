import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { Catalog } from '../config/catalog.ts';
import type { RunConfig } from '../config/config.ts';
import { applyChanges } from '../config/configChanges.ts';
import { UserError } from '../errors.ts';
import { findingsOfRows, type CheckedStudy } from './expandStudy.ts';
import { configCheck, configIsAMap, cutName, problemLine, type FindModalities } from '../config/parseConfig.ts';
import { missingPaths, type Machine } from '../config/paths.ts';
import { resolvePaths } from '../run/runPaths.ts';
import { MAX_STUDY_NAME, presetsOf, studySchema, studyShape, type StudyConfig } from './studyConfig.ts';
import { elsewhere, locate, placesOf } from './studyFindings.ts';
import { gridText } from './studyGrid.ts';
import { presetIds } from './studyPlan.ts';
import { findingsOf, readYaml, type ConfigProblem, type Finding, type Path, type Vocabulary, type YamlText } from '../config/yamlProblems.ts';

/** A problem of a study, at its place in the study file. One of the base's own file stands at `base`, its message saying where it is. */
export interface StudyProblem extends ConfigProblem {
  /** The problem in the file of the base. */
  readonly inBase?: ConfigProblem & { readonly file: string };
}

/** Either a study that can be expanded or at least one problem. */
export type ParsedStudy =
  | { readonly study: CheckedStudy; readonly problems: readonly [] }
  | { readonly study: undefined; readonly problems: readonly StudyProblem[] };

/** Where a study comes from, and how to learn what its text does not say. */
export interface StudyOptions {
  /** Path of the study file: relative paths start in its folder, and the study has its name if it gives none. */
  readonly file: string;
  /** Reads the file of the base; throws if it cannot. */
  readonly readFile: (path: string) => string;
  /** Modalities of datasets that the catalogue lists none of; without it rows that depend on them are not checked. */
  readonly modalitiesOf?: FindModalities;
  /** What reads `~` and `${NAME}` in paths and has to have what they name; without it they stay as they are. */
  readonly machine?: Machine;
  /** The workspace that the runs belong to; paths inside it are stored as they are in there. The folder of the file if absent. */
  readonly workspace?: string;
}

/**
 * Checks the text of a `*.udi-study.yaml` (or JSON) file, its base, and the config of every row that it expands to.
 * Never throws for bad input: what is wrong comes back with its place and, for a misspelt key or name, the nearest valid one.
 */
export function parseStudy(text: string, catalog: Catalog, options: StudyOptions): ParsedStudy {
  const { yaml, problems } = readYaml(text, 'A study is a map of keys such as base, presets and grid.');
  if (!yaml) return failed(problems);
  const input = { name: studyName(options.file), ...yaml.input };
  const result = studySchema(catalog).safeParse(input);
  if (!result.success) {
    const vocabulary = vocabularyOf(catalog);
    return failed(result.error.issues.flatMap((issue) => findingsOf(issue, input, vocabulary)).map(yaml.problem));
  }
  const config = result.data as StudyConfig;
  const wrong = ownChecks(config).map(yaml.problem);
  const base = readBase(config, yaml, catalog, options);
  if (!base.config || wrong.length > 0) return failed([...wrong, ...base.problems]);
  const folder = dirname(resolve(options.file));
  const study: CheckedStudy = { config, base: base.config, folder, workspace: options.workspace ?? folder };
  const findings = findingsOfRows(study, catalog, options.modalitiesOf, options.machine);
  return findings.length > 0 ? failed(findings.map(yaml.problem)) : { study, problems: [] };
}

/** `parseStudy` for callers that cannot go on: throws a `UserError` that lists `file:line:column` of every problem. */
export function requireStudy(text: string, catalog: Catalog, options: StudyOptions): CheckedStudy {
  const { study, problems } = parseStudy(text, catalog, options);
  if (study) return study;
  const list = problems.map((problem) => (problem.inBase ? problemLine(problem.inBase.file, problem.inBase) : problemLine(options.file, problem)));
  throw new UserError(list.join('\n'), 'Mend the study and start again.');
}

function failed(problems: readonly StudyProblem[]): ParsedStudy {
  return { study: undefined, problems };
}

/** `…/cgmnist.udi-study.yaml` → `cgmnist` */
function studyName(file: string): string {
  return cutName(basename(file).replace(/(\.udi-study)?\.(ya?ml|json)$/i, ''), MAX_STUDY_NAME, 'study');
}

function vocabularyOf(catalog: Catalog): Vocabulary {
  const keys = Object.keys(studyShape(catalog));
  const methods = catalog.methods.map((method) => method.id);
  return {
    keysAt: ([section, preset]) => {
      if (section === undefined) return { kind: 'key', known: keys };
      if (section === 'methods') return { kind: 'method', known: methods };
      if (preset === undefined) return { kind: 'preset', known: presetIds };
      return { kind: 'key', known: preset === 'methods' ? ['seeds', 'only'] : ['seeds'] };
    },
    namesAt: ([section, part, ...rest]) => {
      if (section !== 'presets') return undefined;
      if (typeof part === 'number') return { kind: 'preset', known: presetIds };
      return rest.length === 2 && rest[0] === 'only' ? { kind: 'method', known: methods } : undefined;
    },
  };
}

/** Keys that a grid or the changes of a method cannot have, and what to do instead. */
const refusedKeys: Readonly<Record<'grid' | 'methods', Readonly<Record<string, string>>>> = {
  grid: {
    name: 'Runs are named after their rows.',
    device: 'The device does not change the result; set it in the base.',
    'training.seed': 'The seeds are those of "seeds", for all rows alike.',
  },
  methods: {
    name: 'Runs are named after their rows.',
    method: 'Change its settings one by one, e.g. method.alpha.',
    'method.name': 'The method is the one that these changes are for.',
    'training.seed': 'The seeds are those of "seeds", for all methods alike.',
  },
};

/** Rules of a study that its schema cannot express. */
function ownChecks({ seeds, presets, grid, methods }: StudyConfig): Finding[] {
  const findings = repeated(seeds, ['seeds']);
  if (Array.isArray(presets)) findings.push(...repeated(presets, ['presets']));
  for (const { id, options } of presetsOf({ presets })) {
    findings.push(...repeated(options.seeds, ['presets', id, 'seeds']), ...repeated(options.only, ['presets', id, 'only']));
  }
  for (const [key, values] of Object.entries(grid ?? {})) {
    findings.push(...repeated(values, ['grid', key]), ...refused('grid', key, ['grid', key]));
  }
  for (const [method, changes] of Object.entries(methods)) {
    findings.push(...Object.keys(changes ?? {}).flatMap((key) => refused('methods', key, ['methods', method, key])));
  }
  if (grid && Object.keys(grid).length === 0) {
    findings.push({ message: 'Must have at least one key, e.g. training.learningRate.', path: ['grid'], onKey: true });
  }
  if (!grid && Object.keys(presets).length === 0) {
    findings.push({ message: `A study needs presets (${presetIds.join(', ')}) or a grid, or both.`, path: [], onKey: false });
  }
  return findings;
}

function refused(where: 'grid' | 'methods', key: string, path: Path): Finding[] {
  const message = Object.hasOwn(refusedKeys[where], key) ? refusedKeys[where][key] : undefined;
  return message === undefined ? [] : [{ message: `${key} cannot stand here. ${message}`, path, onKey: true }];
}

function repeated(values: readonly unknown[] = [], path: Path): Finding[] {
  const texts = values.map(gridText);
  return texts.flatMap((text, index) =>
    (texts.indexOf(text) < index ? [{ message: `${text} is listed twice.`, path: [...path, index], onKey: false }] : []));
}

/** A base that was checked; relative paths in it start in `folder`. */
type Base =
  | { readonly config: RunConfig; readonly folder: string; readonly problems: readonly []; readonly place: (finding: Finding) => StudyProblem }
  | { readonly config?: undefined; readonly problems: readonly StudyProblem[] };

type Check = ReturnType<typeof configCheck>;

/** The base with the changes of `set`; the paths of each are absolute, and start in the folder of the file that they stand in. */
function readBase(study: StudyConfig, yaml: YamlText, catalog: Catalog, options: StudyOptions): Base {
  const check = configCheck(catalog, options.modalitiesOf, options.machine);
  const base = typeof study.base === 'string'
    ? readBaseFile(study.base, yaml, check, options)
    : checkInlineBase(study.base, study.name, yaml, check, options);
  if (!base.config) return base;
  const { config, findings } = check(applyChanges(resolvePaths(base.config, catalog, base.folder), study.set));
  const folder = dirname(resolve(options.file));
  const places = placesOf(study.set, ['set']);
  if (!config) return { problems: findings.map((finding) => yaml.problem(locate(finding, [places]) ?? elsewhere(finding, ['set']))) };
  const missing = options.machine && !changesDataset(study) ? missingPaths(config, catalog, folder, options.machine) : [];
  if (missing.length === 0) return { ...base, config: resolvePaths(config, catalog, folder), folder };
  return {
    problems: missing.map((finding) => {
      const set = locate(finding, [places]);
      return set ? yaml.problem(set) : base.place(finding);
    }),
  };
}

/** Whether rows may have another dataset than the base. */
function changesDataset({ grid = {}, methods }: StudyConfig): boolean {
  const keys = [...Object.keys(grid), ...Object.values(methods).flatMap((changes) => Object.keys(changes ?? {}))];
  return keys.some((key) => key.split('.')[0] === 'dataset');
}

function checkInlineBase(input: Readonly<Record<string, unknown>>, name: string, yaml: YamlText, check: Check, options: StudyOptions): Base {
  const { config, findings } = check({ name, ...input });
  const place = (finding: Finding): StudyProblem => yaml.problem({ ...finding, path: ['base', ...finding.path] });
  return config ? { config, folder: dirname(resolve(options.file)), problems: [], place } : { problems: findings.map(place) };
}

function readBaseFile(path: string, study: YamlText, check: Check, options: StudyOptions): Base {
  const file = isAbsolute(path) ? path : join(dirname(options.file), path);
  const atBase = (message: string) => study.problem({ message, path: ['base'], onKey: false });
  const inBase = (problem: ConfigProblem): StudyProblem => ({ ...atBase(problemLine(file, problem)), inBase: { ...problem, file } });
  let text: string;
  try {
    text = options.readFile(file);
  } catch (error) {
    return { problems: [atBase(`Cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`)] };
  }
  const { yaml, problems } = readYaml(text, configIsAMap);
  if (!yaml) return { problems: problems.map(inBase) };
  const { config, findings } = check({ name: 'base', ...yaml.input });
  const place = (finding: Finding) => inBase(yaml.problem(finding));
  return config ? { config, folder: dirname(resolve(file)), problems: [], place } : { problems: findings.map(place) };
}
