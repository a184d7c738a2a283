import { z } from 'zod';
import { jsonAnswer } from '../launch/jsonAnswer.ts';
import type { TrainerLauncher } from '../launch/trainerLauncher.ts';

const text = z.string().optional();
const reportSchema = z.object({
  node: text,
  platform: text,
  backends: z.array(z.object({
    id: z.string(),
    label: z.string(),
    usable: z.boolean(),
    automatic: z.boolean().optional(),
    reason: text,
    howToGet: text,
    device: text,
  })),
});

/** What the trainer found out about the backends. */
export type DoctorReport = z.infer<typeof reportSchema>;

/**
 * Asks the trainer which backends work here.
 * @throws UserError if it does not answer in the form agreed
 */
export async function askDoctor(trainer: TrainerLauncher): Promise<DoctorReport> {
  const output = await trainer.ask(['doctor', '--json']);
  return jsonAnswer(output, reportSchema, 'The trainer could not examine the backends');
}

/** The report as Markdown. */
export function reportText({ node, platform, backends }: DoctorReport): string {
  const parts = backends.map(({ id, label, usable, automatic, reason, howToGet, device }) => [
    `## ${usable ? '✓' : '✗'} ${id}: ${label}`,
    '',
    `- usable here: ${usable ? 'yes' : 'no'}`,
    ...(device ? [`- device: ${device}`] : []),
    ...(usable && automatic === false ? [`- taken only when asked for: \`device: ${id}\``] : []),
    ...(reason ? [`- ${usable ? 'note' : 'why not'}: ${reason}`] : []),
    ...(!usable && howToGet ? [`- how to get it: ${howToGet}`] : []),
    '',
  ].join('\n'));
  const where = [node && `Node ${node}`, platform].filter(Boolean).join(', ');
  const head = `Backends${where ? ` (${where})` : ''}, in the order in which \`device: auto\` takes them.`;
  return ['# UDI Doctor', '', head, '', ...parts].join('\n');
}
