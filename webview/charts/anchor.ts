import type { AnchorEvent, RunView, StageRecord } from '../../src/core/protocol.ts';
import type { Part } from '../dom.ts';
import { fixed, NONE, percent, points as asPoints } from '../../src/core/format.ts';
import { modalitiesOf, stageKind, whyNoEpoch } from '../words.ts';
import { targetLook } from './looks.ts';
import { epochAxis, newestOf, type BarPlot, type Chart, type LinePlot, type Series } from './plot.ts';

/** The unimodal branches against each other: accuracy while they train, then what made one of them the anchor. */
export const anchor: Chart<RunView> = {
  id: 'anchor',
  title: 'Anchor comparison',
  draw(view) {
    const { run, config } = view;
    if (!run.anchor && !('anchor' in config.method)) return { plots: [] };
    const branches = run.stages.filter((stage) => stageKind(stage.id) === 'unimodal' && stage.epochs.length > 0);
    const lines = branches.length > 0 ? [branchLines(view, branches)] : [];
    if (run.anchor)
      return { plots: [...decisionBars(run.anchor, modalitiesOf(run)), ...lines], note: anchorReason(run.anchor) };
    if (lines.length === 0) return { plots: [], empty: whyNoEpoch(view, 'unimodal') };
    return { plots: lines, note: ['The anchor is chosen on validation when every branch has been trained.'] };
  },
};

/** The branches on one axis from their first epoch on, although they are trained one after another. */
function branchLines(view: RunView, branches: readonly StageRecord[]): LinePlot {
  const modalities = modalitiesOf(view.run);
  const series = branches.map((stage): Series => {
    const modality = stage.trains[0] ?? stage.id;
    return {
      id: modality,
      label: modality,
      column: modality,
      look: targetLook(modality, modalities),
      points: stage.epochs.flatMap((event) => {
        const y = event.validation[modality]?.accuracy;
        return y === undefined
          ? []
          : [{ x: event.epoch, y, epoch: event.epoch, kept: stage.ended?.keptEpoch === event.epoch }];
      }),
    };
  });
  const newest = series
    .map(({ label, points }) => `${label} ${newestOf(points, 'percent')} after ${points.length} epochs`)
    .join(', ');
  return {
    kind: 'line',
    id: 'branches',
    title: 'Validation accuracy of each branch alone',
    format: 'percent',
    x: epochAxis(Math.max(...branches.map((stage) => Math.max(stage.plannedEpochs, stage.epochs.length))), 'epoch'),
    y: {},
    bands: [],
    series,
    summary: `Validation accuracy of each unimodal branch: ${newest}.`,
  };
}

function decisionBars(event: AnchorEvent, modalities: readonly string[]): BarPlot[] {
  const bars = (value: 'accuracy' | 'entropy') =>
    event.candidates.map((candidate) => ({
      id: candidate.modality,
      label: candidate.modality === event.anchor ? `${candidate.modality} (anchor)` : candidate.modality,
      value: candidate[value],
      look: targetLook(candidate.modality, modalities),
      strong: candidate.modality === event.anchor,
    }));
  const best = Math.max(...event.candidates.map(({ accuracy }) => accuracy));
  const several = event.candidates.length > 1;
  const said = (value: 'accuracy' | 'entropy', write: (share: number) => string) =>
    event.candidates.map((each) => `${each.modality} ${write(each[value])}`).join(', ');
  return [
    {
      kind: 'bar',
      id: 'accuracy',
      title: 'Accuracy on validation',
      format: 'percent',
      half: true,
      max: 1,
      bars: bars('accuracy'),
      zone: several ? { from: Math.max(0, best - event.tieTolerance), to: best, label: 'tie tolerance' } : undefined,
      summary: `Validation accuracy: ${said('accuracy', percent)}. ${event.anchor} is the anchor.`,
    },
    {
      kind: 'bar',
      id: 'entropy',
      title: 'Entropy, nats (lower wins a tie)',
      format: 'entropy',
      half: true,
      bars: bars('entropy'),
      summary: `Predictive entropy in nats: ${said('entropy', (nats) => fixed(nats, 3))}.`,
    },
  ];
}

/** Why this modality became the anchor, in numbers. */
export function anchorReason(event: AnchorEvent): Part[] {
  const name = { strong: event.anchor };
  const chosen = event.candidates.find(({ modality }) => modality === event.anchor);
  const others = event.candidates.filter(({ modality }) => modality !== event.anchor);
  const selected = ' Selection was on the validation split; test data played no part.';
  const tolerance = { figure: asPoints(event.tieTolerance) };
  switch (event.decidedBy) {
    case 'only modality':
      return [name, ' is the anchor: it is the only modality, so there was nothing to choose.'];
    case 'config':
      return [name, ' is the anchor because the config names it. ', ...onItsOwn(event), selected];
    case 'accuracy': {
      const next = others.reduce((first, each) => (each.accuracy > first.accuracy ? each : first), others[0]!);
      return [
        name,
        ' became the anchor by accuracy: ',
        { figure: percent(chosen!.accuracy) },
        ` against `,
        { figure: percent(next.accuracy) },
        ` of ${next.modality}. The difference of `,
        { figure: asPoints(chosen!.accuracy - next.accuracy) },
        ' is more than the tie tolerance of ',
        tolerance,
        ', so entropy was not needed.',
        selected,
      ];
    }
    case 'entropy': {
      const tied = others.filter(
        ({ accuracy }) =>
          Math.max(...event.candidates.map((each) => each.accuracy)) - accuracy <= event.tieTolerance + 1e-9,
      );
      const list = tied.map(({ modality, accuracy, entropy }): Part[] => [
        ` ${modality} `,
        { figure: `(${percent(accuracy)}, ${fixed(entropy, 3)} nats)` },
      ]);
      return [
        name,
        ' became the anchor by entropy: its accuracy of ',
        { figure: percent(chosen!.accuracy) },
        ' and that of',
        ...list.flatMap((parts, index) => (index === 0 ? parts : [' and', ...parts])),
        ' lie within the tie tolerance of ',
        tolerance,
        ', and its predictions have the lowest entropy, ',
        { figure: `${fixed(chosen!.entropy, 3)} nats` },
        '.',
        selected,
      ];
    }
  }
}

/** What validation alone would have chosen: candidates are ranked by the rule whatever the config says. */
function onItsOwn(event: AnchorEvent): Part[] {
  const first = event.candidates[0];
  if (!first || first.modality === event.anchor) return ['Validation would have chosen it, too.'];
  const chosen = event.candidates.find(({ modality }) => modality === event.anchor);
  return [
    'Validation would have chosen ',
    { strong: first.modality },
    ' ',
    { figure: `(${percent(first.accuracy)}` },
    ` against `,
    { figure: `${chosen ? percent(chosen.accuracy) : NONE})` },
    '.',
  ];
}
