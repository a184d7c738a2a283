import stringWidth from 'string-width';
import { duration, fixed, metricText, percent, significant } from '../../core/format.ts';
import { oneLine, printable } from '../../core/printable.ts';
import { alphaOf, haveAlpha, xiOf } from '../../core/run/alpha.ts';
import { metricsOf, scoreOf } from '../../core/run/metrics.ts';
import { secondsLeft, progressOf, type Headline, type Run } from '../../core/run/run.ts';
import type { AnchorEvent, EpochEvent } from '../../core/run/events.ts';
import { FUSION } from '../../core/run/targets.ts';

/** Aligned columns without control characters: the first `left` ones to the left, the others to the right. */
export function columns(rows: readonly (readonly string[])[], left = 1): string {
  const cells = rows.map((row) => row.map((cell) => oneLine(cell, Infinity)));
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => stringWidth(row[column] ?? '')))) ?? [];
  return cells.map((row) => row.map((cell, column) => {
    const blanks = ' '.repeat(widths[column]! - stringWidth(cell));
    return column < left ? `${cell}${blanks}` : `${blanks}${cell}`;
  }).join('  ').trimEnd()).join('\n');
}

/** The score that stands for a run: `fusion 97.12 % (test)`; `-` where it has none. */
export function headlineText(headline: Headline | undefined): string {
  return headline ? `${headline.target} ${metricText(headline.value, headline.metric)} (${headline.split})` : '-';
}

/** One line for a finished epoch. */
export function epochLine(event: EpochEvent, run: Run): string {
  const { done, planned } = progressOf(run);
  const [metric] = metricsOf(run);
  const scores = Object.entries(event.validation).flatMap(([target, each]) => {
    const value = metric && scoreOf(each, metric.id);
    return metric && value !== undefined ? [`${target} ${metricText(value, metric)}`] : [];
  }).join(' · ');
  const weights = alphaOf(event);
  const alpha = weights ? ` · α ${fixed(weights.consistency, 3)}/${fixed(weights.complementary, 3)}` : '';
  const left = secondsLeft(run);
  return `[${done}/${planned}] ${event.stage} ${event.epoch}/${event.epochs} · loss ${fixed(event.losses['total'] ?? NaN, 4)} · ${scores}${alpha}`
    + `${event.samplesPerSecond === undefined ? '' : ` · ${Math.round(event.samplesPerSecond)} samples/s`}${left === undefined ? '' : ` · ${duration(left)} left`}`;
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
      [modality, percent(accuracy), fixed(entropy, 4), modality === run.anchor!.anchor ? 'anchor' : 'follower']);
    parts.push(`Anchor comparison (validation)\n${columns([['modality', 'accuracy', 'entropy', 'role'], ...rows])}\n${anchorSentence(run.anchor)}`);
  }
  for (const stage of run.stages.filter(({ epochs }) => haveAlpha(epochs))) {
    const rows = stage.epochs.map((event) => {
      const [alpha, xi] = [alphaOf(event), xiOf(event)];
      const fused = scoreOf(event.validation[FUSION], 'accuracy');
      return [
        String(event.epoch), ...[alpha?.consistency, alpha?.complementary].map((each) => (each === undefined ? '-' : fixed(each, 3))),
        ...[xi?.consistency, xi?.complementary].map((each) => (each === undefined ? '-' : significant(each, 3))), fused === undefined ? '-' : percent(fused),
      ];
    });
    parts.push(`Weights of ${stage.id}\n${columns([['epoch', 'α_con', 'α_com', 'ξ_con', 'ξ_com', 'fusion ACC'], ...rows])}`);
  }
  if (run.test) {
    const metrics = metricsOf(run);
    const rows = Object.entries(run.test).map(([target, scores]) => [target, ...metrics.map((metric) => {
      const value = scoreOf(scores, metric.id);
      return value === undefined ? '-' : metricText(value, metric);
    })]);
    parts.push(`Test (epochs selected on ${run.selectedOn ?? 'validation'})\n${columns([['target', ...metrics.map(({ label }) => label)], ...rows])}`);
  }
  return printable(parts.join('\n\n'));
}
