import { endFocusProbe } from './focusProbe.ts';
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeRadio,
  vsCodeRadioGroup,
  type Dropdown,
  type RadioGroup,
} from '@vscode/webview-ui-toolkit';
import { element, setAttribute, setText, show, syncChildren } from './dom.ts';

/**
 * The one place that knows the component library. Its badge and tag are not used: their templates set a `style`
 * attribute, which the panels' content security policy refuses; badges are spans of panel.css.
 */
export function registerComponents(): void {
  endFocusProbe();
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeRadio(),
    vsCodeRadioGroup(),
  );
}

/** A button; `quiet` for those that change nothing. */
export interface Button {
  readonly root: HTMLElement;
  update(options: { readonly disabled?: boolean; readonly title?: string }): void;
}

/** Creates a button. */
export function createButton(
  label: string,
  appearance: 'primary' | 'secondary',
  onClick: () => void,
  data: Readonly<Record<string, string>> = {},
): Button {
  const root = element('vscode-button' as 'button', { appearance }, [label]);
  Object.assign(root.dataset, data);
  root.addEventListener('click', onClick);
  return {
    root,
    update({ disabled, title }) {
      setAttribute(root, 'disabled', disabled ? '' : undefined);
      setAttribute(root, 'title', title);
    },
  };
}

/** One of several options. */
export interface Choice {
  readonly root: HTMLElement;
  /** Shows these options and the chosen one; hides itself if there is nothing to choose. */
  update(options: readonly ChoiceOption[], chosen: string): void;
}

/** An option: `id` is what is stored, `label` what is shown. */
export interface ChoiceOption {
  readonly id: string;
  readonly label: string;
}

/** A row of radio buttons, for a handful of short options. */
export function createRadioChoice(label: string, onChange: (id: string) => void): Choice {
  const group = element('vscode-radio-group' as 'div', {
    orientation: 'horizontal',
    'aria-label': label,
  }) as unknown as RadioGroup;
  let chosen = '';
  group.addEventListener('change', () => {
    // The group also reports its own first selection; only a new one is the user's.
    if (group.value === chosen || group.value === '') return;
    chosen = group.value;
    onChange(chosen);
  });
  return {
    root: group,
    update(options, next) {
      show(group, options.length > 1);
      syncOptions(group, 'vscode-radio', options);
      chosen = next;
      if (group.value !== next) group.value = next;
    },
  };
}

/** A dropdown, for options of any number and length. */
export function createDropdownChoice(label: string, onChange: (id: string) => void): Choice {
  const dropdown = element('vscode-dropdown' as 'div', { 'aria-label': label }) as unknown as Dropdown;
  const root = element('label', { class: 'choice' }, [element('span', { 'aria-hidden': 'true' }, [label]), dropdown]);
  dropdown.addEventListener('change', () => onChange(dropdown.value));
  return {
    root,
    update(options, next) {
      show(root, options.length > 1);
      syncOptions(dropdown, 'vscode-option', options);
      if (dropdown.value !== next) dropdown.value = next;
    },
  };
}

function syncOptions(parent: HTMLElement, tag: string, options: readonly ChoiceOption[]): void {
  const children = syncChildren(
    parent,
    options,
    ({ id }) => id,
    ({ id }) => element(tag as 'div', { value: id }),
  );
  children.forEach((child, index) => setText(child, options[index]?.label ?? ''));
}
