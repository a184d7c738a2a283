import type { Command } from './command.ts';
import { oneStudy } from './pickStudies.ts';
import { sendToTrainer } from './sendToTrainer.ts';

/** `UDI: Stop Study`: nothing more is started, and every run ends after its open epoch, with a checkpoint. */
export const stopStudy: Command = async (services, arg) => {
  const study = await oneStudy(services, arg, {
    title: 'Stop a study',
    accepts: (each) => each.isActive,
    none: 'No study is running: UDI: Run Study starts one.',
    guess: true,
  });
  if (study) await sendToTrainer(study, { type: 'stop' });
};
