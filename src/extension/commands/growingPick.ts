import type { QuickPick, QuickPickItem } from 'vscode';
import { UserError } from '../../core/errors.ts';
import type { Held } from '../disposable.ts';
import type { Runs } from '../follow/runs.ts';
import type { TrackedRun } from '../follow/trackedRun.ts';
import { throttle } from '../throttle.ts';

/** Least time between two fillings of an open pick, ms. */
const INTERVAL = 250;

/** A run as an entry of a quick pick. */
export interface RunItem extends QuickPickItem {
  readonly run: TrackedRun;
}

/** What is needed of a quick pick. */
export type RunPicker = Pick<
  QuickPick<RunItem>,
  'items' | 'activeItems' | 'selectedItems' | 'canSelectMany' | 'busy' | 'show' | 'onDidAccept' | 'onDidHide' | 'dispose'
>;

/** Which runs are offered, and what is done without asking. */
export interface RunChoice {
  readonly runs: Runs;
  /** Made only if somebody has to be asked. */
  readonly createPicker: () => RunPicker;
  readonly accepts: (run: TrackedRun) => boolean;
  readonly itemOf: (run: TrackedRun) => RunItem;
  /** So many runs there must be to choose from; 1 unless given. */
  readonly least?: number;
  /** Said when there are fewer. */
  readonly none: string;
  /** Take the only run that there is. */
  readonly guess?: boolean;
  /** Runs that are ticked from the start, in a pick of several. */
  readonly ticked?: readonly TrackedRun[];
}

/**
 * Lets the user choose among runs. While runs are still being read the pick is busy and fills up; what was ticked or stood on
 * stays so. Returns undefined if the user picks none.
 * @throws UserError if all runs are read and there is none to choose
 */
export async function chooseRuns(choice: RunChoice): Promise<readonly TrackedRun[] | undefined> {
  const { runs } = choice;
  if (!runs.isReading) {
    const settled = settle(choice);
    if (settled) return settled;
  }
  const picker = choice.createPicker();
  const fill = () => {
    const items = runs.list().filter(choice.accepts).map(choice.itemOf);
    const ticked = picker.items.length === 0 ? choice.ticked ?? [] : picker.selectedItems.map(({ run }) => run);
    const active = picker.activeItems.map(({ run }) => run);
    picker.items = items;
    if (picker.canSelectMany) picker.selectedItems = items.filter(({ run }) => ticked.includes(run));
    picker.activeItems = items.filter(({ run }) => active.includes(run));
  };
  const held: Held[] = [picker];
  try {
    return await new Promise((resolve, reject: (error: unknown) => void) => {
      held.push(picker.onDidAccept(() => resolve(picker.selectedItems.map(({ run }) => run))));
      held.push(picker.onDidHide(() => resolve(undefined)));
      if (runs.isReading) {
        picker.busy = true;
        const refill = throttle(INTERVAL, fill);
        held.push(refill, runs.onDidChange(refill));
        const finish = () => {
          picker.busy = false;
          fill();
          const settled = settle(choice);
          if (settled) resolve(settled);
        };
        runs.whenLoaded().then(finish).catch(reject);
      }
      fill();
      picker.show();
    });
  } finally {
    for (const item of held) item.dispose();
  }
}

/** What needs no asking when all runs are read. */
function settle({ runs, accepts, least = 1, none, guess }: RunChoice): TrackedRun[] | undefined {
  const candidates = runs.list().filter(accepts);
  if (candidates.length < least) throw new UserError(runs.isEmpty ? 'There is no run yet: UDI: Train starts one.' : none);
  return guess && candidates.length === 1 ? candidates : undefined;
}
