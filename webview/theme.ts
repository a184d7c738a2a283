import { color } from 'chart.js/helpers';

/** The colors of `--vscode-charts-*` that series are drawn in. */
export type Hue = 'foreground' | 'blue' | 'orange' | 'green' | 'purple' | 'red' | 'yellow';

/** What a canvas must know of the theme; everything else takes its colors in the style sheet. */
export interface Theme {
  readonly hues: Readonly<Record<Hue, string>>;
  readonly background: string;
  readonly foreground: string;
  /** Axis labels. */
  readonly muted: string;
  readonly grid: string;
  /** Stage boundaries: stronger than the grid. */
  readonly boundary: string;
  readonly tooltip: { readonly background: string; readonly foreground: string; readonly border: string };
  readonly fontFamily: string;
}

const hues: readonly Hue[] = ['foreground', 'blue', 'orange', 'green', 'purple', 'red', 'yellow'];

/** Reads the theme that VS Code has put on the page. */
export function readTheme(): Theme {
  const styles = getComputedStyle(document.body);
  const read = (name: string, fallback: string) => styles.getPropertyValue(`--vscode-${name}`).trim() || fallback;
  const highContrast = document.body.classList.contains('vscode-high-contrast');
  const foreground = read('foreground', styles.color);
  const background = read('editor-background', 'Canvas');
  return {
    // Some defaults are half transparent (orange in dark themes): fine behind text, too faint for a line.
    hues: Object.fromEntries(hues.map((hue) => [hue, translucent(read(`charts-${hue}`, foreground), 1)])) as Record<Hue, string>,
    background,
    foreground,
    muted: highContrast ? foreground : read('descriptionForeground', foreground),
    grid: translucent(foreground, highContrast ? 0.3 : 0.12),
    boundary: translucent(foreground, highContrast ? 0.9 : 0.4),
    tooltip: {
      background: read('editorHoverWidget-background', background),
      foreground: read('editorHoverWidget-foreground', foreground),
      border: read('editorHoverWidget-border', read('contrastBorder', foreground)),
    },
    fontFamily: read('font-family', 'sans-serif'),
  };
}

/** The same color with another opacity; a color that cannot be parsed stays as it is. */
export function translucent(value: string, alpha: number): string {
  const parsed = color(value);
  return parsed.valid ? parsed.alpha(alpha).rgbString() : value;
}

/** Calls back when VS Code has changed the theme: it sets the variables on `<html>`, then marks `<body>`. */
export function onThemeChange(listener: () => void): void {
  const observer = new MutationObserver(listener);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}
