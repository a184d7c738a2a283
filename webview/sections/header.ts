import type { FromRunPanel, RunView } from '../../src/core/protocol.ts';
import { createButton, type Button } from '../components.ts';
import { element, setAttribute, setText, show, syncChildren } from '../dom.ts';
import { count, duration, metricText } from '../../src/core/format.ts';
import { headlineOf } from '../../src/core/run/run.ts';
import { actionsFor, openEpoch, reachText, runProgress } from '../progress.ts';
import { isLive, openStage, stateWords } from '../words.ts';
import type { Section } from './section.ts';

/** What a button of the header asks the host for. */
export type Action = Extract<FromRunPanel, { type: 'action' }>['action'];

const labels: Readonly<Record<Action, string>> = {
  stop: 'Stop After Epoch',
  cancel: 'Cancel',
  pause: 'Pause',
  continue: 'Continue',
  resume: 'Resume',
  trainAgain: 'Train Again',
  openConfig: 'Config',
  openSource: 'Open Source Config',
  openLog: 'Log',
  revealFolder: 'Folder',
};
const titles: Partial<Record<Action, string>> = {
  stop: 'End after the current epoch, with a checkpoint',
  cancel: 'End now; the last checkpoint stays',
  resume: 'Continue from the last checkpoint',
  trainAgain: 'Start a new run with the same config',
  openConfig: 'Open the resolved config of this run',
  openSource: 'Open the file that this run was started from',
  openLog: 'Open the log of the trainer',
  revealFolder: 'Show the folder of this run',
};
const quiet: readonly Action[] = ['openConfig', 'openLog', 'revealFolder'];

/** A button for an action; the notice uses it, too. */
export function actionButton(action: Action, post: (action: Action) => void): Button {
  const appearance = action === 'resume' || action === 'continue' ? 'primary' : 'secondary';
  const button = createButton(labels[action], appearance, () => post(action), { action });
  const update: Button['update'] = (state) => button.update({ title: titles[action], ...state });
  update({});
  return { ...button, update };
}

/** Name, state, actions, progress and the facts of a run. Resume stands in the notice below, with its reason. */
export function createHeader(post: (action: Action) => void): Section<RunView> {
  const title = element('h1');
  const badge = createStateBadge(stateWords);
  const controls = element('div', { class: 'buttons', role: 'group', 'aria-label': 'Control' });
  const opens = element(
    'div',
    { class: 'buttons', role: 'group', 'aria-label': 'Open' },
    quiet.map((each) => actionButton(each, post).root),
  );
  const requested = element('p', { class: 'note' }, ['Stop requested: the run ends after this epoch.']);
  const reach = element('p', { class: 'note' });
  const progress = createProgress();
  const facts = element('dl', { class: 'facts' });
  let stopRequested = false;
  const act = (action: Action) => {
    stopRequested = action === 'stop';
    show(requested, stopRequested);
    post(action);
  };
  return {
    root: element('header', {}, [
      element('div', { class: 'title-row' }, [title, badge.root]),
      element('div', { class: 'button-row' }, [controls, opens]),
      requested,
      reach,
      progress.root,
      facts,
    ]),
    update(view) {
      setText(title, view.title);
      badge.update(view);
      stopRequested &&= view.state === 'running';
      show(requested, stopRequested);
      const unreachable = reachText(view);
      setText(reach, unreachable ?? '');
      show(reach, unreachable !== undefined);
      const actions = actionsFor(view).filter((action) => action !== 'resume');
      const focused = controls.contains(document.activeElement);
      const buttons = syncChildren(
        controls,
        actions,
        (action) => action,
        (action) => actionButton(action, act).root,
      );
      show(controls, actions.length > 0);
      // Pause becomes Continue: who pressed it with the keyboard stays where the buttons are.
      if (focused && !controls.contains(document.activeElement)) buttons[0]?.focus();
      progress.update(view);
      updateFacts(facts, view);
    },
  };
}

/** The state as word, glyph and color, with the machine that trains where that is not this one. */
export function createStateBadge<State extends string>(
  words: Readonly<Record<State, { readonly label: string; readonly glyph: string }>>,
): Section<{ readonly state: State; readonly elsewhere?: string }> {
  const glyph = element('span', { 'aria-hidden': 'true' });
  const word = element('span');
  const root = element('span', { class: 'badge' }, [glyph, word]);
  return {
    root,
    update({ state, elsewhere }) {
      setAttribute(root, 'data-state', state);
      setText(glyph, words[state].glyph);
      setText(word, elsewhere === undefined ? words[state].label : `${words[state].label} on ${elsewhere}`);
    },
  };
}

function createProgress(): Section<RunView> {
  const fill = element('div', { class: 'fill' });
  const bar = element('div', { class: 'progress', role: 'progressbar', 'aria-label': 'Epochs', 'aria-valuemin': '0' }, [
    fill,
  ]);
  const text = element('p', { class: 'progress-text' });
  const root = element('div', {}, [bar, text]);
  return {
    root,
    update(view) {
      const { done, planned, share } = runProgress(view, Date.now());
      show(root, view.state !== 'finished');
      setAttribute(bar, 'aria-valuemax', String(planned));
      setAttribute(bar, 'aria-valuenow', String(done));
      setAttribute(bar, 'aria-valuetext', planned === 0 ? 'not known yet' : `${done} of ${planned} epochs`);
      setAttribute(bar, 'data-state', view.state);
      fill.style.width = `${(share * 100).toFixed(2)}%`;
      setText(text, planned === 0 ? progressText(view) : `${done} of ${planned} epochs · ${progressText(view)}`);
    },
  };
}

/** Where the trainer is. The transient message is newer than the journal, as long as the trainer lives. */
function progressText(view: RunView): string {
  const { run, state } = view;
  const progress = openEpoch(view);
  if (progress) {
    const { stage, epoch, epochs, step, steps } = progress;
    return `${stage}, epoch ${epoch} of ${epochs}, step ${step} of ${steps}`;
  }
  const stage = openStage(run);
  if (!stage) return state === 'running' ? (run.started ? 'building the model' : 'reading data') : 'no stage was begun';
  if (stage.ended && isLive(state)) return `${stage.id} is done`;
  return `${stage.id}, epoch ${stage.epochs.length} of ${stage.plannedEpochs}`;
}

/** A setting of a config that any program may have written. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function updateFacts(list: HTMLElement, view: RunView): void {
  const { run, config, state, progress } = view;
  const { secondsLeft, secondsTrained } = runProgress(view, Date.now());
  const newest = headlineOf(run);
  const speed = progress?.samplesPerSecond ?? openStage(run)?.epochs.at(-1)?.samplesPerSecond;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Method', run.started?.method.label || textOf(config.method['name'])],
    ['Dataset', run.started?.dataset.name || textOf(config.dataset['name'])],
    ['Seed', textOf(run.started?.seed ?? config.training['seed'])],
    ['Backend', run.started?.backend.id ? `${run.started.backend.id} · ${run.started.backend.device}` : undefined],
    ['Trained', duration(secondsTrained)],
    ['Left', isLive(state) && secondsLeft !== undefined ? `about ${duration(secondsLeft)}` : undefined],
    ['Speed', isLive(state) && speed !== undefined ? `${count(Math.round(speed))} samples/s` : undefined],
    [newest ? `${newest.target}, ${newest.split}` : '', newest ? metricText(newest.value, newest.metric) : undefined],
  ];
  const shown = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined);
  const items = syncChildren(
    list,
    shown,
    ([name]) => name,
    ([name]) => element('div', {}, [element('dt', {}, [name]), element('dd')]),
  );
  shown.forEach(([, value], index) => setText(items[index]!.lastElementChild!, value));
}
