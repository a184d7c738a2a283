/** A part of a panel: drawn from the whole state, every time, in place. */
export interface Section<View> {
  readonly root: HTMLElement;
  update(view: View): void;
}
