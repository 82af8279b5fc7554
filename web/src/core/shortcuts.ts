// Every keyboard shortcut, as the sheet on "?" lists them.

interface Shortcut {
  keys: readonly string[];
  does: string;
}

export const shortcutGroups: readonly { title: string; keys: readonly Shortcut[] }[] = [
  {
    title: 'Everywhere',
    keys: [
      { keys: ['Ctrl K'], does: 'Search or run' },
      { keys: ['?'], does: 'This sheet' },
      { keys: ['Esc'], does: 'Close what is open' },
    ],
  },
  {
    title: 'Lists',
    keys: [
      { keys: ['/'], does: 'Search the list' },
      { keys: ['J', 'K'], does: 'Next and previous row' },
      { keys: ['Enter'], does: 'Open the row' },
      { keys: ['X'], does: 'Select the row' },
      { keys: ['Esc'], does: 'Clear the selection' },
    ],
  },
];
