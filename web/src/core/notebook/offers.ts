// What the palette offers: templates, blocks of the project, and new blocks of every kind.

export interface Offer {
  id: string;
  group: 'Templates' | 'Blocks in this project' | 'New';
  kind: string;
  language: string;
  /** What is shown and searched. */
  title: string;
  about: string;
  /** The name that the new block gets. */
  name: string;
  template: string | null;
  content: string;
}

export interface TemplateLike {
  id: string;
  path: string;
  kind: string;
  language: string;
  name: string;
  groups: readonly string[];
  description: string;
  content: string;
}

export interface BlockLike {
  uuid: string;
  kind: string;
  language: string;
  pipelines: readonly string[];
}

const KINDS: readonly (readonly [kind: string, word: string])[] = [
  ['data_loader', 'Loader'],
  ['transformer', 'Transformer'],
  ['data_exporter', 'Exporter'],
  ['sensor', 'Sensor'],
  ['custom', 'Custom'],
  ['markdown', 'Note'],
  ['scratchpad', 'Scratchpad'],
];

const LANGUAGES: Readonly<Record<string, readonly string[]>> = {
  data_loader: ['python', 'sql', 'r'],
  transformer: ['python', 'sql', 'r'],
  data_exporter: ['python', 'sql', 'r'],
  sensor: ['python'],
  custom: ['python'],
  markdown: ['markdown'],
  scratchpad: ['python'],
};

/** The template of a kind that new blocks of it begin with. */
const USUAL = 'default';

/** A name as a file may have it: `Drop duplicate rows` becomes `drop_duplicate_rows`. */
export function nameOf(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '');
}

/** A name that is not taken: the name itself, or with the next number. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name}_${number}`)) number += 1;
  return `${name}_${number}`;
}

/** Whether every word of the search is in the text. */
function fits(text: string, search: string): boolean {
  const low = text.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => low.includes(word));
}

const kindWord = (kind: string) => KINDS.find(([one]) => one === kind)?.[1] ?? kind;

export function offers(
  templates: readonly TemplateLike[],
  blocks: readonly BlockLike[],
  taken: ReadonlySet<string>,
  search: string,
  kind: string | null,
): Offer[] {
  const isKind = (one: string) => kind === null || one === kind;
  const found: Offer[] = [];
  for (const template of templates) {
    const title = template.name;
    const text = [title, kindWord(template.kind), template.language, ...template.groups, template.description].join(' ');
    if (template.id === USUAL || template.kind === 'callback' || template.kind === 'conditional' || !isKind(template.kind) || !fits(text, search)) continue;
    found.push({
      id: `template ${template.path}`,
      group: 'Templates',
      kind: template.kind,
      language: template.language,
      title,
      about: template.description || template.groups.join(', '),
      name: freeName(nameOf(template.name), taken),
      template: template.path,
      content: template.content,
    });
  }
  for (const block of blocks) {
    if (taken.has(block.uuid) || !isKind(block.kind) || !fits(block.uuid, search)) continue;
    found.push({
      id: `block ${block.kind} ${block.uuid}`,
      group: 'Blocks in this project',
      kind: block.kind,
      language: block.language,
      title: block.uuid,
      about: `Used in ${block.pipelines.join(', ')}. The file is shared: a change here is a change there.`,
      name: block.uuid,
      template: null,
      content: '',
    });
  }
  for (const [one, word] of KINDS) {
    if (!isKind(one)) continue;
    for (const language of LANGUAGES[one] ?? []) {
      const usual = templates.find((template) => template.id === USUAL && template.kind === one && template.language === language);
      found.push({
        id: `new ${one} ${language}`,
        group: 'New',
        kind: one,
        language,
        title: search.trim() === '' ? word : `${word} “${search.trim()}”`,
        about: usual === undefined ? 'An empty file.' : 'With the usual frame.',
        name: freeName(nameOf(search) || nameOf(word), taken),
        template: usual?.path ?? null,
        content: usual?.content ?? '',
      });
    }
  }
  // What begins with the search stands before what only has it in it.
  const rank = (offer: Offer) => (search !== '' && offer.title.toLowerCase().startsWith(search.toLowerCase()) ? 0 : 1);
  const order = search.trim() === '' ? ['New', 'Templates', 'Blocks in this project'] : ['Templates', 'Blocks in this project', 'New'];
  return found
    .map((offer, at) => ({ offer, at }))
    .sort((one, other) => order.indexOf(one.offer.group) - order.indexOf(other.offer.group) || rank(one.offer) - rank(other.offer) || one.at - other.at)
    .map(({ offer }) => offer);
}
