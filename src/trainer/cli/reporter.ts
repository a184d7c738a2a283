import { MultiBar, Presets } from 'cli-progress';
import { toJson } from '../../core/files/jsonNumbers.ts';
import { duration } from '../../core/format.ts';
import type { RunEvent } from '../../core/run/events.ts';
import { oneLine } from '../../core/printable.ts';
import { applyEvent, emptyRun, progressOf, secondsLeft, type Run } from '../../core/run/run.ts';
import type { Progress } from '../../core/wire.ts';
import { anchorSentence, epochLine } from './summary.ts';

/** Shows a run while it is trained. */
export interface Reporter {
  onEvent(event: RunEvent): void;
  onProgress(progress: Progress): void;
  close(): void;
}

/** Every event as one JSON line, for programs. */
export function jsonReporter(): Reporter {
  return {
    onEvent: (event) => { process.stdout.write(`${toJson(event)}\n`); },
    onProgress: () => undefined,
    close: () => undefined,
  };
}

/** Lines for every epoch; on a terminal also a progress bar with the time left. `before` is what a resumed run had done. */
export function textReporter(before: Run = emptyRun): Reporter {
  let run = before;
  const bars = process.stdout.isTTY
    ? new MultiBar({ format: '{bar} {percentage} % · {stage} · {speed} samples/s · {left} left', hideCursor: true, clearOnComplete: true, forceRedraw: true }, Presets.shades_classic)
    : undefined;
  const bar = bars?.create(1000, 0, { stage: 'loading', speed: '-', left: '-' });
  const say = (line: string): void => {
    if (bars) bars.log(`${line}\n`);
    else process.stdout.write(`${line}\n`);
  };
  return {
    onEvent: (event) => {
      run = applyEvent(run, event);
      // Names in it come from files that anybody may have written.
      for (const line of linesOf(event, run)) say(oneLine(line, Infinity));
    },
    onProgress: ({ stage, epoch, epochs, step, steps, samplesPerSecond }) => {
      const { done, planned } = progressOf(run);
      const share = planned === 0 ? 0 : (done + step / steps) / planned;
      const left = secondsLeft(run);
      bar?.update(Math.min(1000, Math.round(share * 1000)), {
        stage: oneLine(`${stage} ${epoch}/${epochs}`), speed: Math.round(samplesPerSecond), left: left === undefined ? '-' : duration(left),
      });
    },
    close: () => bars?.stop(),
  };
}

function linesOf(event: RunEvent, run: Run): string[] {
  switch (event.type) {
    case 'started': {
      const { train, validation, test } = event.dataset.sizes;
      const skipped = event.backend.skipped.map(({ id, reason }) => `${id}: ${reason}`).join('; ');
      return [
        `${event.name}: ${event.method.label} on ${event.dataset.name} (${train} train, ${validation} validation, ${test} test), backend ${event.backend.id} (${event.backend.device})`,
        ...(skipped ? [`not taken: ${skipped}`] : []),
      ];
    }
    case 'resumed': return [event.stage ? `Resuming ${event.stage} after epoch ${event.epoch}.` : 'Resuming.'];
    case 'stage': return [`Stage ${event.stage}: trains ${event.trains.join(', ')} for ${event.epochs} epochs`];
    case 'epoch': return [epochLine(event, run)];
    case 'stageEnded': {
      const kept = `(${event.reason}), epoch ${event.keptEpoch}${event.keptStage === undefined ? '' : ` of ${event.keptStage}`} is kept`;
      return [`Stage ${event.stage} ${event.cached ? 'taken from the stage cache: trained by another run' : 'ended'} ${kept}`];
    }
    case 'anchor': return [anchorSentence(event)];
    case 'note': return [event.message];
    case 'paused': return ['Paused.'];
    case 'continued': return ['Continued.'];
    case 'test':
    case 'ended':
    case 'unknown': return [];
  }
}
