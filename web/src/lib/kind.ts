// What a block is: the six kinds that have a colour, and which type of the server belongs to which.

export type Kind = 'loader' | 'transformer' | 'exporter' | 'sensor' | 'custom' | 'conditional';

export const kindWords: Record<Kind, string> = {
  loader: 'Loader',
  transformer: 'Transformer',
  exporter: 'Exporter',
  sensor: 'Sensor',
  custom: 'Custom',
  conditional: 'Conditional',
};

export function kindOf(type: string): Kind {
  switch (type) {
    case 'data_loader':
      return 'loader';
    case 'transformer':
      return 'transformer';
    case 'data_exporter':
      return 'exporter';
    case 'sensor':
      return 'sensor';
    case 'conditional':
      return 'conditional';
    default:
      return 'custom';
  }
}

const languages: Record<string, string> = {
  python: 'Python',
  sql: 'SQL',
  r: 'R',
  yaml: 'YAML',
  markdown: 'Markdown',
};

/** The name of a language for people. */
export function languageName(language: string): string {
  return languages[language] ?? language;
}
