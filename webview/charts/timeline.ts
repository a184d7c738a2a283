import type { EpochEvent, RunView, StageRecord } from '../../src/core/protocol.ts';
import { isLive, stageShort } from '../words.ts';
import { epochAxis, type Band, type LinePlot, type PlotPoint } from './plot.ts';

/** An epoch with its place on the axis that runs through all stages. */
export interface StagedEpoch {
  readonly event: EpochEvent;
  readonly place: Omit<PlotPoint, 'y'>;
}

/** Stages laid out one after another. */
export interface Timeline {
  readonly epochs: readonly StagedEpoch[];
  readonly bands: readonly Band[];
  readonly x: LinePlot['x'];
}

/** Lays the stages out on one epoch axis. The stage that is being trained has room for the epochs still to come. */
export function timeline(view: RunView, stages: readonly StageRecord[] = view.run.stages): Timeline {
  const epochs: StagedEpoch[] = [];
  const bands: Band[] = [];
  let offset = 0;
  for (const stage of stages) {
    const open = !stage.ended && isLive(view.state);
    const length = open ? Math.max(stage.plannedEpochs, stage.epochs.length) : stage.epochs.length;
    // A stage without epochs, e.g. from the cache, has no place on the axis.
    if (length > 0)
      bands.push({ from: offset + 0.5, to: offset + length + 0.5, label: stage.id, short: stageShort(stage.id) });
    stage.epochs.forEach((event, index) =>
      epochs.push({
        event,
        place: {
          x: offset + index + 1,
          stage: stage.id,
          epoch: event.epoch,
          kept: stage.ended?.keptEpoch === event.epoch,
          starts: index === 0,
        },
      }),
    );
    offset += length;
  }
  return { epochs, bands, x: epochAxis(offset) };
}

/** The points of one quantity; epochs that do not have it, or where it diverged, are left out. */
export function pointsOf(
  epochs: readonly StagedEpoch[],
  value: (event: EpochEvent) => number | undefined,
): PlotPoint[] {
  return epochs.flatMap(({ event, place }) => {
    const y = value(event);
    return y === undefined || !Number.isFinite(y) ? [] : [{ ...place, y }];
  });
}

/** The points of a run that is laid over others: their stages differ, so epochs count through all of them. */
export function overlaid(
  epochs: readonly StagedEpoch[],
  value: (event: EpochEvent) => number | undefined,
): PlotPoint[] {
  return pointsOf(epochs, value).map(({ x, y, starts }) => ({ x, y, epoch: x, starts }));
}
