import { secondsLeft, progressOf, type Run } from '../../core/run/run.ts';
import { FUSION, type AnchorEvent, type EpochEvent } from '../../core/run/events.ts';

/** What stands in the place of a number that is not finite. */
const DIVERGED = 'diverged';

/** A share as a percentage with two decimals: `97.12 %`; `diverged` if it is not finite. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(2)} %` : DIVERGED;
}

/** A loss or a weight with a fixed number of decimals; `diverged` if it is not finite. */
function decimals(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : DIVERGED;
}

/** Seconds as `1:02:03` or `2:03`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Aligned columns: the first one to the left, the others to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ').trimEnd()).join('\n');
}

/** One line for a finished epoch. */
export function epochLine(event: EpochEvent, run: Run): string {
  const { done, planned } = progressOf(run);
  const scores = Object.entries(event.validation).map(([target, { accuracy }]) => `${target} ${percent(accuracy)}`).join(' · ');
  const alpha = event.alpha ? ` · α ${decimals(event.alpha.consistency, 3)}/${decimals(event.alpha.complementary, 3)}` : '';
  const left = secondsLeft(run);
  return `[${done}/${planned}] ${event.stage} ${event.epoch}/${event.epochs} · loss ${decimals(event.losses['total'] ?? NaN, 4)} · ${scores}${alpha}`
    + ` · ${Math.round(event.samplesPerSecond)} samples/s${left === undefined ? '' : ` · ${duration(left)} left`}`;
}

/** Why the anchor is the anchor, in one sentence. */
export function anchorSentence(event: AnchorEvent): string {
  const best = event.candidates.find((each) => each.modality === event.anchor)!;
  const points = `${(event.tieTolerance * 100).toFixed(1)} points`;
  switch (event.decidedBy) {
    case 'only modality': return `${event.anchor} is the only modality.`;
    case 'config': return `${event.anchor} is the anchor because the config says so.`;
    case 'entropy': return `${event.anchor} is the anchor: within ${points} of the best validation accuracy, and with the lowest entropy (${best.entropy.toFixed(3)} nats).`;
    case 'accuracy': return `${event.anchor} is the anchor: its validation accuracy (${percent(best.accuracy)}) is more than ${points} above the others.`;
  }
}

/** The whole run as text: anchor comparison, α of every epoch, scores on test. */
export function summary(run: Run): string {
  const parts: string[] = [];
  if (run.anchor) {
    const rows = run.anchor.candidates.map(({ modality, accuracy, entropy }) =>
      [modality, percent(accuracy), decimals(entropy, 4), modality === run.anchor!.anchor ? 'anchor' : 'follower']);
    parts.push(`Anchor comparison (validation)\n${columns([['modality', 'accuracy', 'entropy', 'role'], ...rows])}\n${anchorSentence(run.anchor)}`);
  }
  for (const stage of run.stages.filter((each) => each.epochs.some((epoch) => epoch.alpha))) {
    const rows = stage.epochs.map(({ epoch, alpha, xi, validation }) => [
      String(epoch), alpha!.consistency.toFixed(3), alpha!.complementary.toFixed(3),
      xi?.consistency.toExponential(2) ?? '-', xi?.complementary.toExponential(2) ?? '-', percent(validation[FUSION]!.accuracy),
    ]);
    parts.push(`Weights of ${stage.id}\n${columns([['epoch', 'α_con', 'α_com', 'ξ_con', 'ξ_com', 'fusion ACC'], ...rows])}`);
  }
  if (run.test) {
    const rows = Object.entries(run.test).map(([target, { accuracy, f1 }]) => [target, percent(accuracy), percent(f1)]);
    parts.push(`Test (epochs selected on ${run.selectedOn ?? 'validation'})\n${columns([['target', 'ACC', 'macro-F1'], ...rows])}`);
  }
  return parts.join('\n\n');
}
