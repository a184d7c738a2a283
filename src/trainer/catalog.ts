import { z } from 'zod';
import manifest from '../../package.json' with { type: 'json' };
import type { Catalog } from '../core/config/catalog.ts';
import { configSchema } from '../core/config/config.ts';
import { writtenRunEventSchema } from '../core/run/events.ts';
import { studySchema } from '../core/study/studyConfig.ts';
import { backends } from './backends/index.ts';
import { datasets } from './datasets/index.ts';
import { encoders, encoderSettings } from './encoders/index.ts';
import { methods } from './methods/index.ts';
import { fusionKinds } from './model/model.ts';

/** What the registries hold, as plain data: the one source of names, defaults, ranges and help for everybody else. */
export function createCatalog(): Catalog {
  return {
    version: manifest.version,
    methods: methods.map(({ id, label, source, stageKinds, hparams, modalities, budget, ownFusion }) => ({
      id, label, source, stages: [...stageKinds], hparams,
      ...(modalities ? { modalities } : {}), ...(budget ? { budget } : {}), ...(ownFusion ? { ownFusion } : {}),
    })),
    datasets: datasets.map(({ id, label, source, settings, modalities, modalitiesVary }) => ({
      id, label, source, settings,
      ...(modalitiesVary ? {} : { modalities: [...modalities({}, '')] }),
    })),
    encoders: encoders.map((kind) => ({ id: kind.id, label: kind.label, source: kind.source, settings: encoderSettings(kind) })),
    fusions: fusionKinds.map(({ id, label }) => ({ id, label })),
    devices: backends.map(({ id, label }) => ({ id, label })),
  };
}

/** JSON Schema of `*.udi.yaml`, for completion and validation in editors. */
export function createConfigJsonSchema(catalog: Catalog): unknown {
  return { ...z.toJSONSchema(configSchema(catalog), { io: 'input' }), ...sharedBlocks };
}

/** Keys at the top that hold what others share by anchors; they are not read. */
const sharedBlocks = { patternProperties: { '^(x-|\\.)': { description: 'A block for anchors (&name), aliases (*name) and merge keys (<<); not read itself.' } } };

/** JSON Schema of `*.udi-study.yaml`; a base that stands in the study itself is a config without need of a name. */
export function createStudyJsonSchema(catalog: Catalog): unknown {
  const study = studySchema(catalog);
  const { base } = study.shape;
  const inline = z.union([z.string().min(1), configSchema(catalog).partial({ name: true })]).describe(base.description ?? '');
  return { ...z.toJSONSchema(study.partial({ name: true }).extend({ base: inline }), { io: 'input' }), ...sharedBlocks };
}

/** JSON Schema of one line of a run's journal (`events.jsonl`), for programs that write or read one; docs/journal.md explains it. */
export function createJournalJsonSchema(): unknown {
  return {
    title: 'Event of a run', description: 'One line of events.jsonl. Events of other types may stand between these, and are skipped.',
    ...z.toJSONSchema(writtenRunEventSchema, { io: 'input' }),
  };
}
