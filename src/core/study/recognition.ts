import { isAbsolute, relative, sep } from 'node:path';
import type { Catalog } from '../config/catalog.ts';
import type { RunConfig } from '../config/config.ts';
import { runKeys, sameWhereBothSay } from '../run/runKey.ts';
import { workspaceOf } from '../run/runPaths.ts';
import type { RunMeta } from '../run/runStore.ts';
import type { StudyPlan } from './studyPlan.ts';

/** A run that carries the id of a study. */
export interface StudyMember {
  readonly meta: RunMeta;
  /** Version of the program that started it, if it was started. */
  readonly version?: string | undefined;
  /** Reads its config; undefined if that cannot be read. */
  readonly config: () => RunConfig | undefined;
}

/**
 * Tells which run of a plan a run of the study is, by key; undefined if the plan has no such run (any more). The key that the run
 * has noted counts, unless its config says that a default has changed since. A run whose key was computed by an older version, or in a
 * workspace that lay elsewhere, is recognised by the key of its config. `file` is the study's file, `runs` the folder of its runs.
 */
export function recognition(plan: StudyPlan, { file, runs }: { readonly file: string; readonly runs: string }, catalog: Catalog): (run: StudyMember) => string | undefined {
  const planned = new Map(plan.runs.map(({ key, config }) => [key, config]));
  const workspace = workspaceOf(runs);
  const keyOf = runKeys(catalog);
  return ({ meta, version, config: read }) => {
    const noted = meta.study?.key;
    if (noted !== undefined && planned.has(noted) && version === catalog.version) return noted;
    const config = read();
    if (!config) return noted !== undefined && planned.has(noted) ? noted : undefined;
    const candidates = [noted, keyOf(config, workspace), ...formerWorkspaces(meta, file, workspace).map((former) => keyOf(config, former))];
    return candidates.find((key) => {
      const wanted = key === undefined ? undefined : planned.get(key);
      return wanted !== undefined && sameWhereBothSay(config, wanted, catalog);
    });
  };
}

/** Where the workspace of a run lay that has noted its study's file as an absolute path, as older versions did; at most one. */
function formerWorkspaces({ configFile }: RunMeta, file: string, workspace: string): string[] {
  const inside = relative(workspace, file);
  if (configFile === undefined || !isAbsolute(configFile) || inside.startsWith('..') || isAbsolute(inside)) return [];
  return configFile.endsWith(`${sep}${inside}`) ? [configFile.slice(0, -inside.length - 1)] : [];
}
