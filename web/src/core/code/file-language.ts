// The language of a file, by the end of its name.

const known: Readonly<Record<string, string>> = { py: 'python', sql: 'sql', r: 'r', yaml: 'yaml', yml: 'yaml', md: 'markdown' };

export function fileLanguage(path: string): string {
  return known[(path.split('.').pop() ?? '').toLowerCase()] ?? '';
}
