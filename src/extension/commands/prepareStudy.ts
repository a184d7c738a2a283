import { z } from 'zod';
import { jsonAnswer } from '../launch/jsonAnswer.ts';
import type { TrainerLauncher } from '../launch/trainerLauncher.ts';

const answerSchema = z.object({ folder: z.string() });

/**
 * Has the trainer write what a study file asks for into the folder of the study, which is returned. The trainer does it
 * because it alone knows the modalities of a dataset whose settings decide on them.
 * @throws UserError with the trainer's words if it refuses the study
 */
export async function prepareStudy(trainer: TrainerLauncher, file: string, runs: string): Promise<string> {
  const output = await trainer.ask(['study-prepare', file, '--runs', runs, '--json']);
  return jsonAnswer(output, answerSchema, 'The study cannot be run').folder;
}
