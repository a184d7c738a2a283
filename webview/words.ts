import type { Run, RunState, RunView, StageRecord, StudyState, StudyTable } from '../src/core/protocol.ts';
import { FUSION } from '../src/core/run/targets.ts';

/** Word for a state, and the glyph that stands for it beside its color. */
export const stateWords: Readonly<Record<RunState, { readonly label: string; readonly glyph: string }>> = {
  running: { label: 'running', glyph: '▶' },
  paused: { label: 'paused', glyph: '❚❚' },
  finished: { label: 'finished', glyph: '✓' },
  stopped: { label: 'stopped', glyph: '■' },
  cancelled: { label: 'cancelled', glyph: '■' },
  failed: { label: 'failed', glyph: '✕' },
  interrupted: { label: 'interrupted', glyph: '!' },
  unreadable: { label: 'unreadable', glyph: '?' },
};

/** Word and glyph for the state of a study. */
export const studyStateWords: Readonly<Record<StudyState, { readonly label: string; readonly glyph: string }>> = {
  new: { label: 'not started', glyph: '○' },
  running: { label: 'running', glyph: '▶' },
  finished: { label: 'finished', glyph: '✓' },
  incomplete: { label: 'incomplete', glyph: '◐' },
  stopped: { label: 'stopped', glyph: '■' },
  failed: { label: 'failed', glyph: '✕' },
  interrupted: { label: 'interrupted', glyph: '!' },
};

/** What the badge of a study's table or chart says about the split that chose the reported epochs. */
export const selectionWords: Readonly<Record<StudyTable['selectedOn'], string>> = {
  validation: 'epochs selected on validation',
  test: 'epochs selected on test (imported)',
  mixed: 'epochs of some runs selected on test (imported)',
};

/** Whether the trainer is at work, so that more epochs are to come by themselves. */
export function isLive(state: RunState): boolean {
  return state === 'running' || state === 'paused';
}

/** What a stage is: `follower` of `follower:color`. */
export function stageKind(stage: string): string {
  return stage.split(':')[0] ?? stage;
}

/** The modality of a stage, or the stage itself where it has none: for places too narrow for the whole id. */
export function stageShort(stage: string): string {
  return stage.split(':')[1] ?? stage;
}

/** Modalities of a run in the dataset's order; before the dataset is read, those that the stages name. */
export function modalitiesOf(run: Run): string[] {
  if (run.started) return run.started.dataset.modalities.map((modality) => modality.id);
  return [...new Set(run.stages.flatMap((stage) => [...stage.trains, ...stage.evaluates]))].filter(
    (each) => each !== FUSION,
  );
}

/** Targets among `present` in the order in which they are always listed: modalities of the dataset, then fusion. */
export function orderTargets(present: Iterable<string>, modalities: readonly string[]): string[] {
  const rank = (target: string) => {
    if (target === FUSION) return Number.MAX_SAFE_INTEGER;
    const index = modalities.indexOf(target);
    return index < 0 ? modalities.length : index;
  };
  return [...new Set(present)].sort((a, b) => rank(a) - rank(b));
}

/** The stage that has begun last. */
export function openStage(run: Run): StageRecord | undefined {
  return run.stages.at(-1);
}

/** Why there is no epoch to draw, and of what kind of stage. */
export function whyNoEpoch(view: RunView, kind = ''): string {
  const none = `No ${kind ? `${kind} ` : ''}epoch yet`;
  switch (view.state) {
    case 'running': {
      if (!view.run.started) return `${none}: reading data.`;
      const stage = openStage(view.run);
      if (!stage) return `${none}: building the model.`;
      return kind && stageKind(stage.id) !== kind
        ? `${none}: ${stage.id} comes first.`
        : `${none}: the first one is being trained.`;
    }
    case 'paused':
      return `${none}: the run is paused.`;
    case 'finished':
      return `This run finished without a ${kind ? `${kind} ` : ''}epoch.`;
    case 'failed':
      return `${none}: the run failed before the first one was done.`;
    case 'interrupted':
      return `${none}: the trainer ended before the first one was done.`;
    case 'unreadable':
      return 'The run cannot be read.';
    case 'stopped':
    case 'cancelled':
      return `${none}: the run was ${view.state} before the first one was done.`;
  }
}
