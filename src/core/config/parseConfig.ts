import { methodRefusal, type Catalog } from './catalog.ts';
import { configSchema, configShapes, encoderForm, MAX_NAME, type RunConfig } from './config.ts';
import { UserError } from '../errors.ts';
import { type HParamSpecs, keysOf } from './hparams.ts';
import { epochsOf, scheduleNames, trainingKeys } from './training.ts';
import { unknownName, type KnownNames } from './knownNames.ts';
import { applyOverrides, overrideOf, readOverrides, type Override } from './overrides.ts';
import { expandPaths, missingPaths, type Machine } from './paths.ts';
import { findingsOf, readYaml, valueAt, type ConfigProblem, type Finding, type Path, type Vocabulary } from './yamlProblems.ts';

export type { ConfigProblem } from './yamlProblems.ts';

/** Either a complete config or at least one problem. */
export type ParsedConfig =
  | { readonly config: RunConfig; readonly problems: readonly [] }
  | { readonly config: undefined; readonly problems: readonly ConfigProblem[] };

/** Options of `parseConfig`. `name` is used, cut to the limit, when the file has none; `overrides` are `key=value` texts (`--set`). */
export interface ParseOptions {
  readonly name: string;
  readonly overrides?: readonly string[];
  /** Where relative paths start, and the machine that reads the others and has to have what they name. Without it, as in a stored config, paths stay as they are. */
  readonly paths?: { readonly folder: string; readonly machine: Machine };
}

/** What a text that is not a map is told. */
export const configIsAMap = 'A config is a map of keys such as dataset, method and training.';

/**
 * Checks the text of a `*.udi.yaml` (or JSON) file against the schema and fills in every default.
 * Never throws for bad input: what is wrong comes back with its place and, for a misspelt key or name, the nearest valid one.
 * Overrides that cannot be read are a `UserError`; a problem that one of them causes names it.
 */
export function parseConfig(text: string, catalog: Catalog, { name, overrides: texts = [], paths }: ParseOptions): ParsedConfig {
  const { yaml, problems } = readYaml(text, configIsAMap);
  if (!yaml) return { config: undefined, problems };
  const { input } = yaml;
  const overrides = readOverrides(texts, input, catalog);
  const checkValue = configCheck(catalog, undefined, paths?.machine);
  const check = (used: readonly Override[]): CheckedConfig => {
    const checked = checkValue({ name: cutName(name, MAX_NAME, 'run'), ...applyOverrides(input, used) as object });
    const missing = checked.config && paths ? missingPaths(checked.config, catalog, paths.folder, paths.machine) : [];
    return missing.length > 0 ? { config: undefined, findings: missing } : checked;
  };
  const { config, findings } = check(overrides);
  if (config) return { config, problems: [] };
  return { config: undefined, problems: findings.map((finding) => blamed(yaml.problem(finding), finding, overrides, input, check)) };
}

/** A problem with the override that causes it: because it is about it, or because it would not be there without it. */
function blamed(
  problem: ConfigProblem, finding: Finding, overrides: readonly Override[], input: unknown, check: (used: readonly Override[]) => CheckedConfig,
): ConfigProblem {
  const own = overrideOf(finding, overrides, input);
  if (own) return { ...problem, override: own.text };
  const remains = (used: readonly Override[]) => check(used).findings.some(({ message, path }) => message === finding.message && path.join('.') === problem.key);
  if (overrides.length === 0 || remains([])) return problem;
  const causes = overrides.filter((each) => !remains(overrides.filter((other) => other !== each)));
  return { ...problem, message: `${problem.message} (with ${(causes.length > 0 ? causes : overrides).map((each) => `--set ${each.text}`).join(', ')})` };
}

/** A name that comes from a file, at most `limit` characters long and without half of one that takes two units; `otherwise` if it is empty. */
export function cutName(name: string, limit: number, otherwise: string): string {
  return name.slice(0, limit).replace(/[\uD800-\uDBFF]$/, '').trim() || otherwise;
}

/** `parseConfig` for callers that cannot go on: throws a `UserError` that lists `file:line:column` of every problem. */
export function requireConfig(text: string, catalog: Catalog, file: string, options: ParseOptions): RunConfig {
  const { config, problems } = parseConfig(text, catalog, options);
  if (config) return config;
  const what = problems.every(({ override }) => override !== undefined) ? '--set' : 'config';
  throw new UserError(problems.map((problem) => problemLine(file, problem)).join('\n'), `Mend the ${what} and start again.`);
}

/** `file:line:column: key: message`, or `--set key=value: message` where an override is wrong. */
export function problemLine(file: string, { line, column, key, message, override }: ConfigProblem): string {
  const place = override === undefined ? `${file}:${line}:${column}` : `--set ${override}`;
  const said = override?.slice(0, override.indexOf('=')).trim() === key;
  return `${place}: ${key && !said ? `${key}: ` : ''}${message}`;
}

/** Either a complete config or what is wrong with the value that should have been one. */
export type CheckedConfig =
  | { readonly config: RunConfig; readonly findings: readonly [] }
  | { readonly config: undefined; readonly findings: readonly Finding[] };

/** Modalities of the dataset of a config; undefined if they are not known before it is loaded. */
export type FindModalities = (config: RunConfig) => readonly string[] | undefined;

/**
 * The one check of a config that is a value already: the schema, then the rules that join several keys. `modalitiesOf` is asked
 * about datasets whose modalities depend on their settings; paths are expanded with what `machine` says. The schema is made once, for as
 * many configs as are checked with it.
 */
export function configCheck(catalog: Catalog, modalitiesOf?: FindModalities, machine?: Machine): (input: unknown) => CheckedConfig {
  const schema = configSchema(catalog);
  return (input) => {
    const result = schema.safeParse(input);
    if (!result.success) {
      const vocabulary = vocabularyOf(input, catalog);
      return { config: undefined, findings: result.error.issues.flatMap((issue) => findingsOf(issue, input, vocabulary)) };
    }
    const read = result.data as unknown as RunConfig;
    const { config, findings: unread } = machine ? expandPaths(read, catalog, machine) : { config: read, findings: [] };
    const findings = [...unread, ...crossChecks(config, catalog, modalitiesIn(config, catalog, modalitiesOf))];
    return findings.length > 0 ? { config: undefined, findings } : { config, findings: [] };
  };
}

/** The modalities of a config's dataset: those that the catalogue lists, else those that `modalitiesOf` finds. */
export function modalitiesIn(config: RunConfig, catalog: Catalog, modalitiesOf?: FindModalities): readonly string[] | undefined {
  return catalog.datasets.find((each) => each.id === config.dataset.name)?.modalities ?? modalitiesOf?.(config);
}

/** The keys and names that a config may hold, given what it names already. */
function vocabularyOf(input: unknown, catalog: Catalog): Vocabulary {
  const names = (kind: string, entries: readonly { id: string; label: string }[]): KnownNames =>
    ({ kind, known: entries.map(({ id }) => id), labels: Object.fromEntries(entries.map(({ id, label }) => [id, label])) });
  const { top, model, training } = configShapes(catalog);
  const dotted = [...Object.keys(training).map((key) => `training.${key}`), ...Object.keys(model).map((key) => `model.${key}`)];
  return {
    keysAt: (path) => ({
      kind: 'key', known: knownKeys(path, input, catalog),
      elsewhere: path.length === 0 ? dotted : [...Object.keys(top), ...dotted.filter((key) => !key.startsWith(`${path[0]}.`))],
    }),
    namesAt: (path) => {
      const key = path.join('.');
      switch (key) {
        case 'dataset.name': return names('dataset', catalog.datasets);
        case 'method.name': return names('method', catalog.methods);
        case 'model.fusion': return names('fusion', catalog.fusions);
        case 'training.schedule.name': return { kind: 'schedule', known: scheduleNames };
        default: return isEncoder(path) || (path.at(-1) === 'name' && isEncoder(path.slice(0, -1))) ? names('encoder', catalog.encoders) : undefined;
      }
    },
    formAt: (path, value) => (isEncoder(path) ? encoderForm(value) : undefined),
  };
}

/** Whether an encoder may stand at `path`: `model.encoder`, or below it that of a modality. */
function isEncoder(path: Path): boolean {
  return path[0] === 'model' && path[1] === 'encoder' && path.length <= 3;
}

function knownKeys(path: Path, input: unknown, catalog: Catalog): string[] {
  const shapes = configShapes(catalog);
  const [section, key] = path;
  const name = valueAt(input, [section ?? '', 'name']);
  const specs: HParamSpecs = (section === 'dataset' ? catalog.datasets.find((each) => each.id === name)?.settings
    : catalog.methods.find((each) => each.id === name)?.hparams) ?? {};
  if (section === undefined) return Object.keys(shapes.top);
  if (section === 'model' && key === 'encoder') {
    return ['name', ...Object.keys(catalog.encoders.find((each) => each.id === valueAt(input, [...path, 'name']))?.settings ?? {})];
  }
  if (section === 'model') return Object.keys(shapes.model);
  if (section === 'training') return trainingKeys(path.slice(1), valueAt(input, path));
  const spec = specs[String(key)];
  if (spec && path.length > 1 && keysOf(spec).length > 0) return [...keysOf(spec)];
  return ['name', ...Object.keys(specs)];
}

/** Rules that join several keys: stages that get epochs, modalities that exist, a method that takes them and the fusion. */
function crossChecks(config: RunConfig, catalog: Catalog, modalities: readonly string[] | undefined): Finding[] {
  const findings: Finding[] = [];
  const method = catalog.methods.find((each) => each.id === config.method.name)!;
  const refusal = modalities && methodRefusal(method, modalities, { fusion: config.model.fusion, epochs: (stage) => epochsOf(stage, config.training.epochs) });
  if (refusal) findings.push({ message: refusal.message, path: refusal.key.split('.'), onKey: false });
  const { epochs } = config.training;
  if (typeof epochs === 'object') {
    for (const key of Object.keys(epochs)) {
      const [kind, modality] = key.split(':');
      if (key !== 'default' && !method.stages.includes(kind!)) {
        findings.push({ message: unknownName('stage', key, ['default', ...method.stages]), path: ['training', 'epochs', key], onKey: true });
      } else if (modality !== undefined && modalities && !modalities.includes(modality)) {
        findings.push({ message: unknownName('modality', modality, modalities), path: ['training', 'epochs', key], onKey: true });
      }
    }
    for (const stage of method.stages) {
      const covered = epochsOf(stage, epochs) !== undefined
        || (modalities?.every((modality) => epochsOf(`${stage}:${modality}`, epochs) !== undefined) ?? true);
      if (!covered) findings.push({ message: `No epochs for the stage "${stage}"; add it or "default".`, path: ['training', 'epochs'], onKey: false });
    }
  }
  if (modalities) {
    for (const [key, spec] of Object.entries(method.hparams)) {
      const value = config.method[key];
      const known = spec.type === 'modality' ? [...spec.choices, ...modalities] : [];
      if (spec.type === 'modality' && !known.includes(String(value))) {
        findings.push({ message: unknownName('modality', String(value), known), path: ['method', key], onKey: false });
      }
    }
    const { encoder } = config.model;
    for (const key of encoderForm(encoder) === 2 ? Object.keys(encoder as object) : []) {
      if (!modalities.includes(key)) findings.push({ message: unknownName('modality', key, modalities), path: ['model', 'encoder', key], onKey: true });
    }
  }
  return findings;
}
