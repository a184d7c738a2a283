import { UserError } from '../../core/errors.ts';
import type { Command } from './command.ts';
import { chooseRuns } from './growingPick.ts';
import { createRunPicker, namedRuns, runItem } from './pickRuns.ts';

/** `UDI: Compare Runs`: the selected runs side by side; asks which if fewer than two are selected. */
export const compareRuns: Command = async (services, ...args) => {
  const { runs, tree, comparePanels } = services;
  const named = namedRuns(services, args);
  // The context menu passes the run under the mouse too; the order of the list is the order that is compared.
  const chosen = named.length >= 2 ? named : tree.selection.length >= 2 ? [...tree.selection] : undefined;
  if (chosen) return comparePanels.show(chosen);
  const picked = await chooseRuns({
    runs,
    accepts: () => true,
    itemOf: runItem,
    least: 2,
    none: 'There is only one run: train another one (UDI: Train) to compare it with.',
    ticked: named,
    createPicker: () => Object.assign(createRunPicker('Compare runs'), { placeholder: 'Choose two or more', canSelectMany: true }),
  });
  if (!picked) return undefined;
  if (picked.length < 2) throw new UserError('Choose two or more runs to compare.');
  return comparePanels.show(picked);
};
