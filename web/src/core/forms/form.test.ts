import { expect, test } from 'vitest';

import { choiceWords, fieldsOf, type FormSection, read, refusals, sectionsOf, settled, shown, usedBy, wrongIn } from './form';

const file = {
  uuid: 'city.yaml',
  content: '',
  revision: '',
  inputs: {
    city: { type: 'dropdown_menu', options: [{ label: 'Berlin', value: 'berlin' }, { value: 7 }] },
    days: { type: 'text_field', style: { input_type: 'number', min: 1, max: 31 } },
    dry: { type: 'switch' },
  },
  variables: {
    city: { uuid: 'city', name: 'City', description: 'Whose flights are read.', input: 'city', required: true, types: ['string'] },
    days: { uuid: 'days', input: 'days', required: true, types: ['integer'] },
    dry: { uuid: 'dry', input: 'dry', types: ['boolean'] },
    keys: { uuid: 'keys', types: ['list'] },
  },
  layout: [[{ variable: 'days', width: 1 }, { variable: 'city', width: 2 }], [{ variable: 'gone' }]],
};

const sections = (variables?: unknown): FormSection[] => sectionsOf({ used: { load: [{ uuid: 'city.yaml', name: 'A city', variables }, { uuid: 'gone' }] }, files: [file] });
const names = (some: FormSection[]) => some.map((section) => section.rows.map((row) => row.map(({ field }) => field.name)));

test('the layout says what stands beside what, and nothing is lost', () => {
  expect(names(sections())).toEqual([[['days', 'city'], ['dry'], ['keys']]]);
  expect(sections()[0]?.rows[0]?.map(({ share }) => share)).toEqual([1, 2]);
});

test('a block may hide a variable, rename it, and want it or not', () => {
  const changed = sections({ dry: { disabled: true }, days: { required: false, uuid_override: 'span' } });
  expect(names(changed)).toEqual([[['span', 'city'], ['keys']]]);
  expect(changed.flatMap(fieldsOf).map(({ isRequired }) => isRequired)).toEqual([false, true, false]);
});

test('fields are of the kind of their input and types', () => {
  expect(sections().flatMap(fieldsOf).map(({ kind }) => kind)).toEqual(['number', 'choice', 'switch', 'json']);
});

test('what is read is what is shown', () => {
  const [days, city] = sections().flatMap(fieldsOf);
  if (days === undefined || city === undefined) throw new Error('there are four fields');
  expect(read(days, '31')).toBe(31);
  expect(read(days, '3.')).toBe('3.');
  expect(read(days, ' ')).toBeUndefined();
  expect(shown(days, '3.')).toBe('3.');
  expect(read(city, '1')).toBe(7);
  expect(shown(city, 7)).toBe('1');
  expect(shown(city, 'lima')).toBe('');
});

test.each([
  ['nothing is chosen and nothing is wanted', {}, {}, false, []],
  ['all of a form is wanted', {}, {}, true, ['days', 'city']],
  ['a form that is begun is wanted whole', { city: 'berlin' }, {}, false, ['days']],
  ['what the pipeline has counts', { city: 'berlin' }, { days: 3 }, true, []],
  ['a number in its range', { city: 'berlin', days: 32 }, {}, true, ['days']],
  ['a whole number', { city: 'berlin', days: '3.5' }, {}, true, ['days']],
  ['a list', { city: 'berlin', days: 3, keys: '[1' }, {}, true, ['keys']],
])('wrong: %s', (_, chosen, known, isWhole, expected) => {
  expect([...wrongIn(sections(), chosen, known, isWhole).keys()]).toEqual(expected);
});

test('what was typed is sent as what it says', () => {
  expect(settled(sections({ dry: { required: true } }), { days: '3', keys: '["a"]', other: 1, city: undefined })).toEqual({ days: 3, keys: ['a'], other: 1, dry: false });
});

test('a refusal stands at its fields', () => {
  expect([...refusals(sections(), '`city` must be one of "a; b", not "c"; `days` must be at most 31, not 40')]).toEqual([
    ['city', 'This must be one of "a; b", not "c"'],
    ['days', 'This must be at most 31, not 40'],
  ]);
  expect(refusals(sections(), '`else` must be given; `city` must be given').size).toBe(0);
  expect(refusals(sections(), 'the server did not answer').size).toBe(0);
  expect(refusals(sections(), '`city` must be given; nothing else is known').get('city')).toBe('This must be given; nothing else is known');
});

test('a run asks only for the forms of its blocks, and says what was chosen', () => {
  const forms = { used: { load: [{ uuid: 'city.yaml' }], clean: [{ uuid: 'city.yaml' }] }, files: [file] };
  expect(sectionsOf(usedBy(forms, ['clean', 'write'])).map(({ key }) => key)).toEqual(['clean city']);
  expect(sectionsOf(usedBy(forms, ['write']))).toEqual([]);
  expect(choiceWords(sections(), { city: 'berlin', days: 3, dry: true, other: 1 })).toBe('days 3, City Berlin, dry on');
  expect(choiceWords(sections(), { city: 'gone', dry: false })).toBe('');
});
