import type { RunView } from '../../src/core/protocol.ts';
import { element, setAttribute, setText, show, syncChildren } from '../dom.ts';
import { actionsFor } from '../progress.ts';
import { openStage } from '../words.ts';
import { actionButton, type Action } from './header.ts';
import type { Section } from './section.ts';

/** Says why a run that is not finished does not go on, and offers what may help. */
export function createNotice(post: (action: Action) => void): Section<RunView> {
  const title = element('strong');
  const message = element('p', { class: 'message' });
  const hint = element('p');
  const restricted = element('p', {}, ['This workspace is in Restricted Mode: trust it to train here.']);
  const buttons = {
    resume: actionButton('resume', post),
    openSource: actionButton('openSource', post),
    trainAgain: actionButton('trainAgain', post),
  };
  const help = element('div', { class: 'buttons', role: 'group', 'aria-label': 'Go on' });
  const root = element('div', { class: 'notice' }, [title, message, hint, restricted, help]);
  return {
    root,
    update(view) {
      const text = noticeText(view);
      show(root, text !== undefined);
      if (!text) return;
      setAttribute(root, 'data-state', view.state);
      setText(title, text.title);
      setText(message, text.message ?? '');
      show(message, text.message !== undefined);
      setText(hint, text.hint ?? '');
      show(hint, text.hint !== undefined);
      const actions = helpFor(view);
      show(restricted, !view.trusted && actions.length > 0);
      for (const button of [buttons.resume, buttons.trainAgain]) button.update({ disabled: !view.trusted });
      syncChildren(
        help,
        actions,
        (action) => action,
        (action) => buttons[action].root,
      );
    },
  };
}

/** What may help a run on. What failed once mostly fails again from its checkpoint: there is something to change first. */
function helpFor({ state, foreign }: Pick<RunView, 'state' | 'foreign'>): readonly ('openSource' | 'trainAgain' | 'resume')[] {
  if (foreign) return [];
  if (state === 'failed') return ['openSource', 'trainAgain', 'resume'];
  return actionsFor({ state }).includes('resume') ? ['resume'] : [];
}

/** The notice of a run; none while it trains and when it has finished. */
export function noticeText({ run, state, reason }: RunView): { title: string; message?: string; hint?: string } | undefined {
  switch (state) {
    case 'running':
    case 'paused':
    case 'finished':
      return undefined;
    case 'unreadable':
      return { title: 'The run cannot be read.', message: reason };
    case 'failed':
      return {
        title: run.ended?.error?.diverged ? 'The run diverged.' : 'The run failed.',
        message: run.ended?.error?.message ?? 'The journal gives no reason: see the log.',
        hint: run.ended?.error?.hint,
      };
    case 'interrupted':
      return {
        title: 'The run was interrupted.',
        message: 'Its trainer is gone without an end in the journal: the process was killed, or the machine went down.',
        hint: goesOn(run),
      };
    case 'stopped':
      return { title: `The run was stopped ${after(run)}.`, hint: goesOn(run) };
    case 'cancelled':
      return { title: `The run was cancelled ${after(run)}.`, hint: goesOn(run) };
  }
}

function after(run: RunView['run']): string {
  const stage = openStage(run);
  return stage && stage.epochs.length > 0
    ? `after epoch ${stage.epochs.length} of ${stage.plannedEpochs} of ${stage.id}`
    : 'before its first epoch was done';
}

function goesOn(run: RunView['run']): string {
  return run.stages.some((stage) => stage.epochs.length > 0)
    ? 'Resuming goes on from the checkpoint of the last whole epoch; its numbers will be those of an undisturbed run.'
    : 'Resuming begins anew: no epoch was done.';
}
