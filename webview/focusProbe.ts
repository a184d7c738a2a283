/**
 * fast-foundation, which the component library stands on, finds out on import whether the browser knows
 * `:focus-visible`: it puts a rule into an inline `<style>`. The content security policy refuses that, so the answer
 * would be no, and every click would draw a focus ring. Until `endFocusProbe` is called, a `<style>` is therefore an
 * inert element with a constructed sheet, which asks the browser the same question without an inline style.
 * Import this module before the library.
 */
const createElement = document.createElement.bind(document);
document.createElement = (tag: string, options?: ElementCreationOptions): HTMLElement =>
  tag === 'style' ? Object.assign(createElement('meta'), { sheet: new CSSStyleSheet() }) : createElement(tag, options);

/** Gives `document.createElement` back, once the library has been imported. */
export function endFocusProbe(): void {
  Reflect.deleteProperty(document, 'createElement');
}
