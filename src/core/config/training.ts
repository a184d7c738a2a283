import { z } from 'zod';

/** Number of epochs: one for all stages, or by stage id (`follower:color`), stage kind (`follower`) or `default`. */
const epochs = z.union([z.int().min(1), z.record(z.string(), z.int().min(1))]);

const schedule = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('constant').describe('The learning rate stays as it is.') }),
  z.strictObject({
    name: z.literal('step').describe('The learning rate is multiplied by `factor` after every `every` epochs of a stage.'),
    every: z.int().min(1).describe('Epochs between two steps.'),
    factor: z.number().gt(0).max(1).default(0.1).describe('Multiplier at each step.'),
  }),
  z.strictObject({
    name: z.literal('cosine').describe('The learning rate falls along half a cosine, from epoch to epoch of a stage (PyTorch\'s CosineAnnealingLR).'),
    final: z.number().min(0).lt(1).default(0).describe('Share of the learning rate that it falls towards.'),
  }),
]);

const group = z.strictObject({
  params: z.string().min(1).describe('Beginning of the names of the parameters, with or without the modality: `encoder`, `gray.encoder.conv1`, `head`, `fusion`.'),
  learningRateFactor: z.number().min(0).default(1).describe('Multiplier of the learning rate for these parameters.'),
  weightDecay: z.number().min(0).optional().describe('L2 penalty of these parameters; that of `training` if absent.'),
});

/** Keys of `training:`; the optimizer is SGD as PyTorch defines it. */
export const trainingShape = {
  epochs: epochs.describe('Epochs of every stage, or a map from stage (`unimodal`, `follower:color`, `default`) to epochs.'),
  batchSize: z.int().min(1).default(64).describe('Samples of a mini-batch.'),
  learningRate: z.number().gt(0).default(0.01).describe('Learning rate of SGD.'),
  momentum: z.number().min(0).lt(1).default(0.9).describe('Momentum of SGD.'),
  weightDecay: z.number().min(0).default(1e-4).describe('L2 penalty, added to the gradient.'),
  groups: z.array(group).min(1).optional().describe('Parameter groups with a learning rate or weight decay of their own; the first that fits counts.'),
  clipGradNorm: z.number().gt(0).optional().describe('Norm that the gradients of all parameters together are cut to before a step (PyTorch\'s clip_grad_norm_).'),
  schedule: schedule.default({ name: 'constant' }).describe('How the learning rate changes over the epochs of a stage.'),
  warmup: z.strictObject({
    steps: z.int().min(1).optional().describe('Steps until the learning rate is reached.'),
    epochs: z.number().gt(0).optional().describe('Epochs until the learning rate is reached.'),
  }).refine(({ steps, epochs: whole }) => (steps === undefined) !== (whole === undefined), 'a map with either steps or epochs').optional()
    .describe('Linear rise of the learning rate at the beginning of a stage, to that of the schedule.'),
  earlyStopping: z.strictObject({
    patience: z.int().min(1).describe('Epochs without a better validation accuracy after which a stage ends.'),
  }).optional().describe('End a stage when validation accuracy no longer rises.'),
  keep: z.enum(['best', 'last']).default('best')
    .describe('Weights a stage hands on: of its best validation epoch, or of its last one.'),
  seed: z.int().min(0).default(0).describe('Seed of initialisation, splits, batches and noise.'),
};

const training = z.object(trainingShape);
/** Checked settings of `training:`. */
export type TrainingSettings = z.infer<typeof training>;

/** Names that `training.schedule.name` may be. */
export const scheduleNames: readonly string[] = schedule.options.map((option) => option.shape.name.value);

/** Keys that may stand in the map at `path` below `training`; `value` is the map, whose `name` decides between several forms. */
export function trainingKeys(path: readonly (string | number)[], value: unknown): string[] {
  const named = typeof value === 'object' && value !== null ? (value as { readonly name?: unknown }).name : undefined;
  const schema = path.reduce<unknown>((map, key) => {
    const inside = unwrapped(map);
    return inside instanceof z.ZodArray ? inside.element : inside instanceof z.ZodObject ? (inside.shape as Record<string, unknown>)[key] : undefined;
  }, training);
  const found = unwrapped(schema);
  if (found === schedule) return Object.keys(schedule.options.find((option) => option.shape.name.value === named)?.shape ?? { name: '' });
  return found instanceof z.ZodObject ? Object.keys(found.shape as object) : [];
}

/** What is in a schema with a default, or in one that may be absent. */
function unwrapped(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? unwrapped(schema.unwrap()) : schema;
}

/** Epochs of the stage `kind` or `kind:modality`; undefined if the config names none. */
export function epochsOf(stage: string, value: TrainingSettings['epochs']): number | undefined {
  if (typeof value === 'number') return value;
  return value[stage] ?? value[stage.split(':')[0] ?? stage] ?? value['default'];
}

/** Learning rate that the schedule gives epoch `epoch` (from 1) of a training of `epochs` epochs. */
export function learningRateOf(epoch: number, epochs: number, { schedule: plan, learningRate }: TrainingSettings): number {
  switch (plan.name) {
    case 'constant': return learningRate;
    case 'step': return learningRate * plan.factor ** Math.floor((epoch - 1) / plan.every);
    case 'cosine': return learningRate * (plan.final + (1 - plan.final) * (1 + Math.cos(Math.PI * (epoch - 1) / epochs)) / 2);
  }
}

/** Share of the learning rate at step `step` (from 0) of epoch `epoch` (from 1) with `steps` steps each: (t + 1) / n in the first n steps. */
export function warmupFactor(epoch: number, step: number, steps: number, { warmup }: TrainingSettings): number {
  if (!warmup) return 1;
  const length = warmup.steps ?? warmup.epochs! * steps;
  return Math.min(1, ((epoch - 1) * steps + step + 1) / length);
}
