// Draws a chart that the server has computed. Loaded with its library when the first chart is looked at.
import { useEffect, useRef } from 'react';
import { BarChart, LineChart, PieChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use as register } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

import { type Drawn, measureWords } from '../../core/notebook/chart';
import { cellText, columnKind } from '../../core/notebook/table';
import { count, percent, shortCount } from '../../lib/format';
import { useIsDark } from '../../lib/theme';

register([BarChart, LineChart, PieChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

interface Ink {
  series: string[];
  other: string;
  text: string;
  faint: string;
  line: string;
  paper: string;
  font: string;
}

function ink(): Ink {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((at) => of(`chart-series-${at}`)),
    other: of('chart-histogram'),
    text: of('text-primary'),
    faint: of('text-secondary'),
    line: of('border-default'),
    paper: of('bg-overlay'),
    font: getComputedStyle(document.body).fontFamily,
  };
}

const number = (value: unknown) => (typeof value === 'number' ? value : null);

function figure(value: unknown): string {
  if (typeof value !== 'number') return '–';
  return Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(6))).replace('-', '−');
}

/** A moment by the clocks of its zone, as the axis wants it: in milliseconds, as if it were UTC. */
function moment(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  const local = value.replace(/(Z|[+-]\d\d:?\d\d)$/, '');
  const at = Date.parse(local.length === 10 ? `${local}T00:00:00Z` : `${local.replace(' ', 'T')}Z`);
  return Number.isNaN(at) ? null : at;
}

function axis({ faint, line }: Ink) {
  return {
    axisLabel: { color: faint, fontSize: 11, hideOverlap: true },
    axisLine: { lineStyle: { color: line } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: line, opacity: 0.6 } },
  };
}

export function chartOption(drawn: Drawn, ink: Ink): EChartsCoreOption {
  const kinds = new Map(drawn.columns.map((column) => [column.name, columnKind(column.type)]));
  const [place = ''] = drawn.places;
  const kind = kinds.get(place) ?? 'text';
  const label = (row: Readonly<Record<string, unknown>>) => drawn.places.map((name) => cellText(row[name], kinds.get(name) ?? 'text') ?? 'null').join(' · ');
  const names = drawn.measures.map(measureWords);
  const common = {
    animation: false,
    useUTC: true,
    color: ink.series,
    textStyle: { fontFamily: ink.font, fontSize: 12, color: ink.text },
    tooltip: {
      confine: true,
      backgroundColor: ink.paper,
      borderColor: ink.line,
      textStyle: { color: ink.text, fontSize: 12 },
      valueFormatter: figure,
    },
  };
  if (drawn.type === 'pie chart') {
    const [measure = ''] = drawn.measures;
    const [rest] = drawn.rest;
    const parts = drawn.rows.map((row) => ({ name: label(row), value: number(row[measure]) }));
    const others = drawn.isCut && typeof rest === 'number' && rest > 0 ? [{ name: 'others', value: rest, itemStyle: { color: ink.other } }] : [];
    return {
      ...common,
      tooltip: { ...common.tooltip, trigger: 'item' },
      series: [
        {
          type: 'pie',
          name: names[0],
          radius: ['0%', '72%'],
          data: [...parts, ...others],
          itemStyle: { borderColor: ink.paper, borderWidth: 1 },
          minShowLabelAngle: 12,
          label: { color: ink.text, fontSize: 12, formatter: ({ name, percent: part }: { name: string; percent: number }) => `${name}  ${percent(part / 100)}` },
          labelLine: { lineStyle: { color: ink.line } },
        },
      ],
    };
  }
  const isHistogram = drawn.type === 'histogram';
  const isLine = drawn.type === 'line chart' || drawn.type === 'time series line chart';
  const isOverTime = drawn.type.startsWith('time series') || (isLine && (kind === 'date' || kind === 'time'));
  const isByNumber = drawn.type === 'line chart' && kind === 'number';
  const isByPlace = isOverTime || isByNumber;
  const where = (row: Readonly<Record<string, unknown>>) => (isOverTime ? moment(row[place]) : number(row[place]));
  const categories = drawn.rows.map((row) => (isHistogram ? `${short(row.from)}…${short(row.to)}` : label(row)));
  const base = axis(ink);
  return {
    ...common,
    tooltip: { ...common.tooltip, trigger: 'axis', axisPointer: { type: isLine ? 'line' : 'shadow' } },
    legend: names.length > 1 ? { top: 0, left: 0, textStyle: { color: ink.faint }, itemWidth: 12, itemHeight: 8 } : { show: false },
    grid: { left: 4, right: 16, top: names.length > 1 ? 32 : 12, bottom: 4, containLabel: true },
    xAxis: isByPlace
      ? { ...base, type: isOverTime ? 'time' : 'value', scale: true, splitLine: { show: false } }
      : { ...base, type: 'category', data: categories, splitLine: { show: false }, axisLabel: { ...base.axisLabel, ...(isHistogram ? { formatter: (name: string) => name.split('…')[0] } : {}) } },
    yAxis: { ...base, type: 'value', axisLabel: { ...base.axisLabel, formatter: (value: number) => (Math.abs(value) >= 1000 ? shortCount(value) : figure(value)) } },
    series: drawn.measures.map((measure, at) => ({
      type: isLine ? 'line' : 'bar',
      name: names[at],
      data: drawn.rows.map((row) => (isByPlace ? [where(row), number(row[measure])] : number(row[measure]))),
      showSymbol: isLine && drawn.rows.length <= 40,
      symbolSize: 5,
      lineStyle: { width: 1.5 },
      barMaxWidth: isHistogram ? undefined : 48,
      barCategoryGap: isHistogram ? '4%' : '24%',
      itemStyle: { color: isHistogram ? ink.other : ink.series[at % ink.series.length] },
      sampling: isLine ? 'lttb' : undefined,
    })),
  };
}

function short(value: unknown): string {
  if (typeof value === 'number') return Math.abs(value) >= 10_000 ? shortCount(Math.round(value)) : String(Number(value.toPrecision(4))).replace('-', '−');
  return typeof value === 'string' ? value.slice(0, 16).replace('T', ' ').replace(' 00:00', '') : '';
}

export default function ChartPicture({ drawn, label }: { drawn: Drawn; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const isDark = useIsDark();
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const chart = init(element, null, { renderer: 'svg' });
    chart.setOption(chartOption(drawn, ink()));
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.dispose();
    };
  }, [drawn, isDark]);
  return <div className="chart-picture" role="img" aria-label={label} ref={place} />;
}
