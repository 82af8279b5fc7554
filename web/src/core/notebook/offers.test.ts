import { describe, expect, test } from 'vitest';

import { freeName, nameOf, offers, type TemplateLike } from './offers';

const template = (id: string, name: string, kind = 'transformer'): TemplateLike => ({
  id,
  path: `${kind}/${id}.py`,
  kind,
  language: 'python',
  name,
  groups: [],
  description: '',
  content: 'pass',
});
const templates = [template('default', 'Generic'), template('drop_duplicates', 'Drop duplicate rows'), template('default', 'Generic', 'data_loader')];
const blocks = [
  { uuid: 'dedupe_airports', kind: 'transformer', language: 'python', pipelines: ['a', 'b'] },
  { uuid: 'here', kind: 'transformer', language: 'python', pipelines: ['a'] },
];
const titles = (search: string, kind: string | null = null) => offers(templates, blocks, new Set(['here']), search, kind).map((offer) => offer.title);

describe('the palette', () => {
  test('finds by any word, templates first', () => {
    expect(titles('dup')).toEqual([
      'Drop duplicate rows',
      'dedupe_airports',
      ...['Loader', 'Loader', 'Loader', 'Transformer', 'Transformer', 'Transformer', 'Exporter', 'Exporter', 'Exporter', 'Sensor', 'Custom', 'Note', 'Scratchpad'].map(
        (word) => `${word} “dup”`,
      ),
    ]);
    expect(titles('dedupe')[0]).toBe('dedupe_airports');
  });

  test('keeps to a kind, and leaves out what the pipeline has', () => {
    expect(titles('', 'transformer')).toEqual(['Transformer', 'Transformer', 'Transformer', 'Drop duplicate rows', 'dedupe_airports']);
  });

  test('begins new blocks with the usual frame where there is one', () => {
    const [python, sql] = offers(templates, [], new Set(), 'cities', 'data_loader');
    expect(python).toMatchObject({ group: 'New', name: 'cities', template: 'data_loader/default.py', content: 'pass' });
    expect(sql).toMatchObject({ group: 'New', name: 'cities', template: null, content: '' });
  });

  test('gives new blocks a name that is free', () => {
    const found = offers(templates, [], new Set(['drop_duplicate_rows', 'clean_up']), 'Clean up', 'custom');
    expect(found.map((offer) => offer.name)).toEqual(['clean_up_2']);
    expect(freeName('a', new Set(['a', 'a_2']))).toBe('a_3');
    expect(nameOf('  Drop duplicates, keep latest ')).toBe('drop_duplicates_keep_latest');
  });
});
