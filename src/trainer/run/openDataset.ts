import { methodRefusal } from '../../core/config/catalog.ts';
import type { RunConfig } from '../../core/config/config.ts';
import { epochsOf } from '../../core/config/training.ts';
import { UserError } from '../../core/errors.ts';
import type { StartedEvent } from '../../core/run/events.ts';
import { workspaceOfRun } from '../../core/run/runPaths.ts';
import type { Dataset } from '../data/dataset.ts';
import { differingParts } from '../data/fingerprint.ts';
import { findDataset } from '../datasets/index.ts';
import type { Control } from '../loop/control.ts';
import { findMethod, methods } from '../methods/index.ts';
import type { Journal } from './journal.ts';
import { dataError } from './runData.ts';

/**
 * Checks that the config's method goes with its dataset, then opens the dataset; what takes long and what the user should know of the
 * data become notes in the journal. The caller closes it.
 * @throws Cancelled after `cancel`; UserError if data are missing, damaged, or not for this method
 */
export async function openDataset(config: RunConfig, folder: string, journal: Journal, control: Control, distFolder: string): Promise<Dataset> {
  const note = (message: string): void => {
    if (!journal.run.notes.includes(message)) journal.append({ type: 'note', message });
  };
  const kind = findDataset(config.dataset.name);
  const { name: _, ...settings } = config.dataset;
  const context = { settings, folder: workspaceOfRun(folder), seed: config.training.seed, distFolder, signal: control.signal, onProgress: note };
  const read = async <T>(get: () => T | Promise<T>): Promise<T> => {
    try {
      return await get();
    } catch (error) {
      throw dataError(error, config, folder);
    }
  };
  checkModalities(config, await read(() => kind.modalities(settings, context.folder)));
  const dataset = await read(() => kind.load(context));
  try {
    await control.gate();
    checkMissing(config, dataset);
    dataset.notes?.forEach(note);
    return dataset;
  } catch (error) {
    await dataset.close?.();
    throw error;
  }
}

/** What depends on the modalities, for datasets whose modalities the config's schema cannot know. */
function checkModalities(config: RunConfig, modalities: readonly string[]): void {
  const refusal = methodRefusal(findMethod(config.method.name), modalities, {
    fusion: config.model.fusion, epochs: (stage) => epochsOf(stage, config.training.epochs),
  });
  if (refusal) throw new UserError(`${refusal.key}: ${refusal.message}`, 'Choose another method or dataset, or change this key.');
  for (const [key, spec] of Object.entries(findMethod(config.method.name).hparams)) {
    if (spec.type !== 'modality') continue;
    const known = [...spec.choices, ...modalities];
    if (!known.includes(String(config.method[key]))) throw new UserError(`method.${key}: unknown modality "${String(config.method[key])}".`, `Known: ${known.join(', ')}.`);
  }
}

/** Methods that compare modalities sample by sample have no answer for samples that lack one. */
function checkMissing(config: RunConfig, dataset: Dataset): void {
  const { label, missingModalities } = findMethod(config.method.name);
  if (missingModalities) return;
  for (const name of ['train', 'validation', 'test'] as const) {
    for (const { id } of dataset.modalities) {
      const lacking = dataset[name].present?.(id)?.indexOf(0) ?? -1;
      if (lacking < 0) continue;
      throw new UserError(`method.name: ${label} wants every modality of every sample, and sample "${dataset[name].id(lacking)}" (${name}) lacks ${id}.`,
        `Choose a method that takes samples with missing modalities (${methods.filter((each) => each.missingModalities).map((each) => each.id).join(', ')}), or leave these samples out.`);
    }
  }
}

/** Throws a `UserError` that says what differs if the dataset is not the one that the run was started with. */
export function checkSame(before: StartedEvent['dataset'], now: Dataset): void {
  if (before.fingerprint === now.fingerprint) return;
  const differing = differingParts(before.parts ?? {}, now.parts);
  const what = before.parts === undefined || differing.length === 0 ? 'its fingerprint differs' : `what differs: ${differing.join(', ')}`;
  throw new UserError(`The dataset is not the one that this run was started with (${what}).`, 'Restore the files or the settings, or start a new run.');
}
