import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Catalog } from './catalog.ts';
import { encoderForm, type RunConfig } from './config.ts';
import type { HParamSpec, HParamSpecs } from './hparams.ts';
import type { Finding } from './yamlProblems.ts';

/** What a machine says about paths. */
export interface Machine {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What is at an absolute path; without this function nobody looks. */
  readonly kindOf?: (path: string) => 'folder' | 'file' | 'unreadable' | undefined;
}

/** The machine that this process runs on. */
export const thisMachine: Machine = {
  home: homedir(),
  env: process.env,
  kindOf: (path) => {
    try {
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat && (stat.isDirectory() ? 'folder' : 'file');
    } catch {
      return 'unreadable';
    }
  },
};

/** Either a path in which nothing stands for something else any more, or what is wrong with the text. */
export type ExpandedPath = { readonly path: string; readonly problem?: undefined } | { readonly path?: undefined; readonly problem: string };

/** A path with the home folder in place of a leading `~` and variables of the environment in place of `${NAME}`. */
export function expandPath(text: string, { home, env }: Machine): ExpandedPath {
  const [other] = /^~[^/\\]+/.exec(text) ?? [];
  if (other !== undefined) return { problem: `${other} as the home folder of somebody else is not known; write the path in full, or ./${other} for a file of this name.` };
  const own = (name: string | undefined): name is string => name !== undefined && Boolean(env[name]);
  const shell = [...text.matchAll(/\$([A-Za-z_]\w*)|%([A-Za-z_]\w*)%/g)].find(([, name, windows]) => own(name ?? windows));
  if (shell) return { problem: `Write \${${shell[1] ?? shell[2]}} for the variable ${shell[0]}.` };
  const unread: string[] = [];
  const path = text.replace(/\$\{([^}]*)(\}?)/g, (whole, name: string, end: string) => {
    const problem = variableProblem(whole, name, end, own(name));
    if (problem !== undefined) unread.push(problem);
    return env[name] ?? '';
  });
  if (unread.length > 0) return { problem: unread.join(' ') };
  return { path: /^~(?=$|[/\\])/.test(path) && text.startsWith('~') ? join(home, path.slice(1)) : path };
}

function variableProblem(whole: string, name: string, end: string, known: boolean): string | undefined {
  if (end === '') return `\${ is not closed by a }.`;
  const [, inside] = /\benv:\s*([A-Za-z_]\w*)/.exec(name) ?? [];
  if (inside !== undefined) return `Write \${${inside}} for ${whole}.`;
  if (!/^[A-Za-z_]\w*$/.test(name)) return `${whole} is no variable of the environment; these are written \${NAME}.`;
  return known ? undefined : `The variable ${name} is not set in the environment. Set it, or write the path; a relative one starts in the folder of the config.`;
}

/** The config with its paths expanded, and what is wrong with those that cannot be. */
export function expandPaths(config: RunConfig, catalog: Catalog, machine: Machine): { readonly config: RunConfig; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const expanded = mapPaths(config, catalog, (text, path) => {
    const result = expandPath(text, machine);
    if (result.problem !== undefined) findings.push({ message: result.problem, path, onKey: false });
    return result.path ?? text;
  });
  return { config: expanded, findings };
}

/** Paths of a config that must be there and are not; relative ones start in `folder`. */
export function missingPaths(config: RunConfig, catalog: Catalog, folder: string, { kindOf }: Machine): Finding[] {
  if (!kindOf) return [];
  return pathsIn(config, catalog).flatMap(({ text, path, spec: { mustBe } }): Finding[] => {
    const full = resolve(folder, text);
    const found = mustBe === undefined ? undefined : kindOf(full);
    if (mustBe === undefined || found === mustBe) return [];
    const start = isAbsolute(text) ? '' : ' A relative path starts in the folder of the config.';
    return [{ message: found ? `${full} is ${found === 'file' || found === 'folder' ? `a ${found}` : 'not readable'}; expected a ${mustBe}.` : `The ${mustBe} ${full} does not exist.${start}`, path, onKey: false }];
  });
}

/** The same config with every path of its dataset and encoders changed. */
export function mapPaths(config: RunConfig, catalog: Catalog, change: (text: string, path: readonly string[]) => string): RunConfig {
  const changed = structuredClone(config);
  for (const { text, path } of pathsIn(config, catalog)) {
    const map = path.slice(0, -1).reduce<Record<string, unknown>>((value, key) => value[key] as Record<string, unknown>, changed);
    map[path.at(-1)!] = change(text, path);
  }
  return changed;
}

/** The paths of a config's dataset, as they are written, with the keys of their settings. */
export function datasetPaths(config: RunConfig, catalog: Catalog): { key: string; text: string }[] {
  return pathsIn(config, catalog).filter(({ path }) => path[0] === 'dataset').map(({ text, path }) => ({ key: path[1]!, text }));
}

/** Every path of a config: in the dataset's settings, and in those of encoders. */
function pathsIn(config: RunConfig, catalog: Catalog): { text: string; path: string[]; spec: HParamSpec & { type: 'path' } }[] {
  const { encoder } = config.model;
  const encoders: [string[], unknown][] = encoderForm(encoder) === 2
    ? Object.entries(encoder as object).map(([modality, choice]) => [['model', 'encoder', modality], choice]) : [[['model', 'encoder'], encoder]];
  const inMap = (place: string[], chosen: unknown, entries: readonly { readonly id: string; readonly settings: HParamSpecs }[]) => {
    if (encoderForm(chosen) !== 1) return [];
    const map = chosen as Readonly<Record<string, unknown>>;
    return Object.entries(entries.find(({ id }) => id === map['name'])?.settings ?? {}).flatMap(([key, spec]) => {
      const text = map[key];
      return spec.type === 'path' && typeof text === 'string' ? [{ text, path: [...place, key], spec }] : [];
    });
  };
  return [...inMap(['dataset'], config.dataset, catalog.datasets), ...encoders.flatMap(([place, choice]) => inMap(place, choice, catalog.encoders))];
}
