// Charts that are drawn by their own code: what the code assigns, what it begins with, what came of it.

import { count, plural } from '../../lib/format';
import { texts } from '../../lib/json';
import { type Aggregation, CHART_TYPES, type ChartWish, type Drawn } from './chart';

export const CODE_TYPES = { ...CHART_TYPES, custom: 'Picture or page' } as const;
export type CodeType = keyof typeof CODE_TYPES;

/** The parts of a chart whose variables the configuration names. */
export type Part = 'x' | 'y' | 'index';

export interface CodeChart {
  type: CodeType;
  /** Which variable of the code is which part. */
  names: Readonly<Record<Part, string>>;
  /** What the series are called. */
  legend: string;
}

export const codeTypes: readonly CodeType[] = [
  'bar chart',
  'histogram',
  'line chart',
  'pie chart',
  'time series line chart',
  'time series bar chart',
  'table',
  'custom',
];

const isSeries = (type: CodeType) => type !== 'custom' && type !== 'table' && type !== 'histogram' && type !== 'pie chart';

/** The parts that the code of a chart assigns, with what each has to be. */
export function partsOf(type: CodeType): readonly { part: Part; words: string }[] {
  if (type === 'custom') return [];
  if (type === 'table') {
    return [
      { part: 'x', words: 'names of the columns' },
      { part: 'y', words: 'rows' },
      { part: 'index', words: 'what stands before each row' },
    ];
  }
  if (!isSeries(type)) return [{ part: 'x', words: 'values' }];
  return [
    { part: 'x', words: type.startsWith('time') ? 'times' : 'places' },
    { part: 'y', words: 'series' },
  ];
}

/** What the configuration says of a chart that its code draws; none for one whose configuration names columns. */
export function codeChartOf(configuration: Readonly<Record<string, unknown>>): CodeChart | null {
  const type = codeTypes.find((one) => one === configuration.chart_type) ?? null;
  if (type === null) return null;
  const name = (part: Part) => {
    const value = configuration[part];
    return typeof value === 'string' ? value : (texts(value)[0] ?? '');
  };
  const { legend_labels: legend } = configuration;
  return { type, names: { x: name('x'), y: name('y'), index: name('index') }, legend: typeof legend === 'string' ? legend : texts(legend).join(', ') };
}

/** The keys of the configuration that say it; nothing that the file says besides is lost. */
export function codeConfiguration({ type, names, legend }: CodeChart, before: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const next: Record<string, unknown> = { ...before, chart_type: type };
  for (const [key, value] of [...Object.entries(names), ['legend_labels', legend] as const]) {
    if (value.trim() === '') Reflect.deleteProperty(next, key);
    else next[key] = value.trim();
  }
  return next;
}

/** The names that a type needs and that nobody has given get their own: without any, the code would not be run. */
export function withCodeType(chart: CodeChart, type: CodeType): CodeChart {
  const names = { ...chart.names };
  for (const { part } of partsOf(type)) if (names[part] === '' && part !== 'index') names[part] = part;
  return { ...chart, type, names };
}

const quoted = (name: string) => `'${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const METHODS: Readonly<Record<Aggregation, string>> = {
  count: 'count()',
  count_distinct: 'nunique()',
  sum: 'sum()',
  average: 'mean()',
  median: 'median()',
  min: 'min()',
  max: 'max()',
  mode: 'agg(lambda values: values.mode().iat[0])',
};

/** `df_1.groupby('carrier')['delay'].mean()`, or how many rows each group has. */
function measured(wish: ChartWish, group: string): string {
  const [metric] = wish.metrics;
  return metric === undefined ? `df_1.groupby(${group}).size()` : `df_1.groupby(${group})[${quoted(metric.column)}].${METHODS[metric.aggregation]}`;
}

/** Code that draws what was chosen, to begin with: it works as it is. */
export function startingCode(type: CodeType, wish: ChartWish): string {
  const [by] = wish.groupBy;
  const column = by === undefined ? 'df_1.iloc[:, 0]' : `df_1[${quoted(by)}]`;
  const group = by === undefined ? 'df_1.iloc[:, 0]' : quoted(by);
  switch (type) {
    case 'bar chart': {
      const order = wish.order === null ? '' : `.sort_values(ascending=${wish.order === 'ascending' ? 'True' : 'False'})`;
      return `of = ${measured(wish, group)}${order}.head(100)\nx = list(of.index)\ny = [list(of)]\n`;
    }
    case 'line chart':
      return `of = ${measured(wish, group)}\nx = list(of.index)\ny = [list(of)]\n`;
    case 'time series line chart':
    case 'time series bar chart':
      return `days = pd.to_datetime(${column}).dt.floor('D')\nof = ${measured(wish, 'days')}\nx = list(of.index)\ny = [list(of)]\n`;
    case 'histogram':
      return `x = ${column}.dropna()\n`;
    case 'pie chart':
      return `x = ${column}\n`;
    case 'table':
      return `rows = df_1.head(10)\nx = list(rows.columns)\ny = rows.values.tolist()\n`;
    case 'custom':
      return `@render(render_type='html')\ndef page(df, **kwargs):\n    return df.describe().to_html()\n`;
  }
}

/** Whether the code is still what a chart begins with: another type may replace it. */
export function isUntouched(code: string, wish: ChartWish): boolean {
  return codeTypes.some((type) => startingCode(type, wish) === code);
}

/** What the code of a custom chart has rendered. */
export interface ChartPicture {
  type: string;
  data: string;
  /** Of a page, from where a frame loads it. */
  address: string | null;
}

/** How a picture is shown: as an image at an address, as a page in a frame of its own, or as its text. */
export type Shown = { as: 'image'; address: string } | { as: 'page'; address: string; page: string; wantsMore: boolean } | { as: 'text'; text: string };

/** Text as an address of its bytes. */
function encoded(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}

/** Whether a page names scripts or styles that stand elsewhere: its frame loads nothing. */
const wantsMore = (page: string) => /<script\b[^>]*\ssrc\s*=|<link\b[^>]*\srel\s*=\s*["']?stylesheet/i.test(page);

export function shownPicture({ type, data, address }: ChartPicture): Shown {
  switch (type) {
    case 'png':
    case 'jpeg':
    case 'jpg':
      return { as: 'image', address: `data:image/${type === 'jpg' ? 'jpeg' : type};base64,${data}` };
    case 'svg':
      // As an image: nothing in it can run.
      return { as: 'image', address: `data:image/svg+xml;base64,${encoded(data)}` };
    case 'html':
    case 'iframe':
      return address === null ? { as: 'text', text: data } : { as: 'page', address, page: data, wantsMore: wantsMore(data) };
    default:
      return { as: 'text', text: data };
  }
}

/** What stands below what the code drew. */
export function codeWords(drawn: Drawn): string {
  const [one, many] = drawn.type === 'histogram' || drawn.type === 'pie chart' ? ['value', 'values'] : drawn.type === 'table' ? ['row', 'rows'] : ['mark', 'marks'];
  const words = [plural(drawn.count, one, many)];
  if (drawn.leftOut > 0) words.push(`${count(drawn.leftOut)} without a value left out`);
  if (drawn.isCut) words.push(`${count(drawn.rows.length)} of ${count(drawn.groups)} shown`);
  return words.join(' · ');
}
