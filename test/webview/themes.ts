/** A theme as VS Code puts it on a webview: classes of `<body>`, its kind, and the variables on `<html>`. */
export interface ThemeFixture {
  readonly classes: string;
  readonly kind: string;
  readonly variables: Readonly<Record<string, string>>;
}

const fonts = {
  'font-family': 'system-ui, "Ubuntu", "Droid Sans", sans-serif',
  'font-size': '13px',
  'font-weight': 'normal',
  'editor-font-family': '"Droid Sans Mono", monospace',
};

/** Values of Dark Modern, Light Modern, Dark High Contrast and Light High Contrast. */
export const themes: Readonly<Record<'light' | 'dark' | 'hc-light' | 'hc-dark', ThemeFixture>> = {
  light: {
    classes: 'vscode-light',
    kind: 'vscode-light',
    variables: {
      ...fonts,
      'editor-background': '#ffffff', 'editor-foreground': '#3b3b3b', 'foreground': '#3b3b3b', 'descriptionForeground': '#3b3b3b',
      'panel-border': '#e5e5e5', 'badge-background': '#cccccc', 'badge-foreground': '#3b3b3b',
      'button-background': '#005fb8', 'button-foreground': '#ffffff', 'button-border': '#0000001a', 'button-hoverBackground': '#0258a8',
      'button-secondaryBackground': '#e5e5e5', 'button-secondaryForeground': '#3b3b3b', 'button-secondaryHoverBackground': '#cccccc',
      'focusBorder': '#005fb8', 'dropdown-background': '#ffffff', 'dropdown-border': '#cecece', 'dropdown-foreground': '#3b3b3b',
      'checkbox-background': '#f8f8f8', 'checkbox-border': '#cecece', 'checkbox-foreground': '#3b3b3b',
      'list-activeSelectionBackground': '#e8e8e8', 'list-activeSelectionForeground': '#000000',
      'progressBar-background': '#005fb8', 'textLink-foreground': '#005fb8', 'toolbar-hoverBackground': '#b8b8b850',
      'inputValidation-infoBackground': '#d6ecf2', 'inputValidation-infoBorder': '#007acc',
      'inputValidation-warningBackground': '#f6f5d2', 'inputValidation-warningBorder': '#b89500',
      'inputValidation-errorBackground': '#f2dede', 'inputValidation-errorBorder': '#be1100',
      'editorHoverWidget-background': '#f8f8f8', 'editorHoverWidget-foreground': '#3b3b3b', 'editorHoverWidget-border': '#c8c8c8',
      'charts-foreground': '#3b3b3b', 'charts-lines': 'rgba(59, 59, 59, 0.5)', 'charts-red': '#e51400', 'charts-blue': '#0063d3',
      'charts-yellow': '#bf8803', 'charts-orange': '#d18616', 'charts-green': '#388a34', 'charts-purple': '#652d90',
    },
  },
  dark: {
    classes: 'vscode-dark',
    kind: 'vscode-dark',
    variables: {
      ...fonts,
      'editor-background': '#1f1f1f', 'editor-foreground': '#cccccc', 'foreground': '#cccccc', 'descriptionForeground': '#9d9d9d',
      'panel-border': '#2b2b2b', 'badge-background': '#616161', 'badge-foreground': '#f8f8f8',
      'button-background': '#0078d4', 'button-foreground': '#ffffff', 'button-border': '#ffffff12', 'button-hoverBackground': '#026ec1',
      'button-secondaryBackground': '#313131', 'button-secondaryForeground': '#cccccc', 'button-secondaryHoverBackground': '#3c3c3c',
      'focusBorder': '#0078d4', 'dropdown-background': '#313131', 'dropdown-border': '#3c3c3c', 'dropdown-foreground': '#cccccc',
      'checkbox-background': '#313131', 'checkbox-border': '#3c3c3c', 'checkbox-foreground': '#cccccc',
      'list-activeSelectionBackground': '#04395e', 'list-activeSelectionForeground': '#ffffff',
      'progressBar-background': '#0078d4', 'textLink-foreground': '#4daafc', 'toolbar-hoverBackground': '#5a5d5e50',
      'inputValidation-infoBackground': '#063b49', 'inputValidation-infoBorder': '#007acc',
      'inputValidation-warningBackground': '#352a05', 'inputValidation-warningBorder': '#b89500',
      'inputValidation-errorBackground': '#5a1d1d', 'inputValidation-errorBorder': '#be1100',
      'editorHoverWidget-background': '#202020', 'editorHoverWidget-foreground': '#cccccc', 'editorHoverWidget-border': '#454545',
      'charts-foreground': '#cccccc', 'charts-lines': 'rgba(204, 204, 204, 0.5)', 'charts-red': '#f14c4c', 'charts-blue': '#59a4f9',
      'charts-yellow': '#cca700', 'charts-orange': '#d18616', 'charts-green': '#89d185', 'charts-purple': '#b180d7',
    },
  },
  'hc-light': {
    classes: 'vscode-high-contrast-light vscode-high-contrast',
    kind: 'vscode-high-contrast-light',
    variables: {
      ...fonts,
      'editor-background': '#ffffff', 'editor-foreground': '#292929', 'foreground': '#292929', 'descriptionForeground': 'rgba(41, 41, 41, 0.7)',
      'contrastBorder': '#0f4a85', 'contrastActiveBorder': '#006bbd', 'focusBorder': '#006bbd', 'panel-border': '#0f4a85',
      'badge-background': '#0f4a85', 'badge-foreground': '#ffffff',
      'button-background': '#0f4a85', 'button-foreground': '#ffffff', 'button-border': '#0f4a85', 'button-hoverBackground': '#0f4a85',
      'button-secondaryBackground': '#ffffff', 'button-secondaryForeground': '#292929',
      'dropdown-background': '#ffffff', 'dropdown-border': '#0f4a85', 'dropdown-foreground': '#292929',
      'checkbox-background': '#ffffff', 'checkbox-border': '#0f4a85', 'checkbox-foreground': '#292929',
      'list-activeSelectionBackground': '#0f4a8519', 'list-activeSelectionForeground': '#292929',
      'progressBar-background': '#0f4a85', 'textLink-foreground': '#0f4a85',
      'inputValidation-infoBackground': '#ffffff', 'inputValidation-infoBorder': '#0f4a85',
      'inputValidation-warningBackground': '#ffffff', 'inputValidation-warningBorder': '#0f4a85',
      'inputValidation-errorBackground': '#ffffff', 'inputValidation-errorBorder': '#0f4a85',
      'editorHoverWidget-background': '#ffffff', 'editorHoverWidget-foreground': '#292929', 'editorHoverWidget-border': '#0f4a85',
      'charts-foreground': '#292929', 'charts-lines': 'rgba(41, 41, 41, 0.5)', 'charts-red': '#b5200d', 'charts-blue': '#0063d3',
      'charts-yellow': '#895503', 'charts-orange': '#0f4a85', 'charts-green': '#374e06', 'charts-purple': '#652d90',
    },
  },
  'hc-dark': {
    classes: 'vscode-high-contrast',
    kind: 'vscode-high-contrast',
    variables: {
      ...fonts,
      'editor-background': '#000000', 'editor-foreground': '#ffffff', 'foreground': '#ffffff', 'descriptionForeground': 'rgba(255, 255, 255, 0.7)',
      'contrastBorder': '#6fc3df', 'contrastActiveBorder': '#f38518', 'focusBorder': '#f38518', 'panel-border': '#6fc3df',
      'badge-background': '#000000', 'badge-foreground': '#ffffff',
      'button-foreground': '#ffffff', 'button-border': '#6fc3df', 'button-secondaryForeground': '#ffffff',
      'dropdown-background': '#000000', 'dropdown-border': '#6fc3df', 'dropdown-foreground': '#ffffff',
      'checkbox-background': '#000000', 'checkbox-border': '#6fc3df', 'checkbox-foreground': '#ffffff',
      'list-activeSelectionForeground': '#ffffff',
      'progressBar-background': '#6fc3df', 'textLink-foreground': '#21a6ff',
      'inputValidation-infoBackground': '#000000', 'inputValidation-infoBorder': '#6fc3df',
      'inputValidation-warningBackground': '#000000', 'inputValidation-warningBorder': '#6fc3df',
      'inputValidation-errorBackground': '#000000', 'inputValidation-errorBorder': '#6fc3df',
      'editorHoverWidget-background': '#0c141f', 'editorHoverWidget-foreground': '#ffffff', 'editorHoverWidget-border': '#6fc3df',
      'charts-foreground': '#ffffff', 'charts-lines': 'rgba(255, 255, 255, 0.5)', 'charts-red': '#f48771', 'charts-blue': '#59a4f9',
      'charts-yellow': '#ffd370', 'charts-orange': '#ab5a00', 'charts-green': '#89d185', 'charts-purple': '#b180d7',
    },
  },
};
