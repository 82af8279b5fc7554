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
    title: 'Editor, while writing',
    keys: [
      { keys: ['Ctrl ↵'], does: 'Run the block' },
      { keys: ['Shift ↵'], does: 'Run the block and go on to the next' },
      { keys: ['Ctrl S'], does: 'Save now; it is saved anyway' },
      { keys: ['Ctrl F'], does: 'Search the code' },
      { keys: ['Esc'], does: 'Leave the code' },
    ],
  },
  {
    title: 'Editor, outside of the code',
    keys: [
      { keys: ['Enter'], does: 'Write in the selected block' },
      { keys: ['J', 'K'], does: 'Next and previous block' },
      { keys: ['B', 'A'], does: 'Add a block below, above' },
      { keys: ['Alt ↑', 'Alt ↓'], does: 'Move the block' },
      { keys: ['F2'], does: 'Rename the block' },
      { keys: ['Del'], does: 'Remove the block' },
      { keys: ['T'], does: 'Open a terminal' },
      { keys: ['F6'], does: 'Leave the open terminal, and go back to it' },
      { keys: ['[', ']'], does: 'Show or fold the left, the right pane' },
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
