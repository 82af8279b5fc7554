// What the lines can be narrowed by, with how many there are of each.
import type { ReactNode } from 'react';

import { type Facets, type Filter, type LevelName, levels } from '../../core/log-view';
import { count } from '../../lib/format';
import { kindOf } from '../../lib/kind';
import { Checkbox, TextField } from '../../ui/field';
import { KindTile } from '../../ui/kind';

const levelWords: Record<LevelName, string> = { error: 'Error', warn: 'Warning', info: 'Info', debug: 'Debug' };

/** So many of a kind are shown; those with most lines. */
const MOST = 12;

function Choice({ label, isOn, lines, onChange, children }: { label: string; isOn: boolean; lines: number; onChange: (on: boolean) => void; children: ReactNode }) {
  return (
    <li className="facet">
      <Checkbox label={label} checked={isOn} onChange={onChange} />
      <span className="facet-name">{children}</span>
      <span className="facet-count">{count(lines)}</span>
    </li>
  );
}

function toggled(list: readonly string[], name: string, on: boolean): string[] {
  return on ? [...list, name] : list.filter((one) => one !== name);
}

/** Those that are chosen, then those with most lines. */
function ordered(found: ReadonlyMap<string, number>, chosen: readonly string[]): { name: string; lines: number }[] {
  const all = new Map([...chosen.map((name) => [name, 0] as const), ...found]);
  return [...all].map(([name, lines]) => ({ name, lines })).sort((one, other) => Number(chosen.includes(other.name)) - Number(chosen.includes(one.name)) || other.lines - one.lines || one.name.localeCompare(other.name));
}

/** What a field for a moment shows: the time of this place, to the second. */
function written(seconds: number | null): string {
  if (seconds === null) return '';
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

export function FacetPane({
  facets,
  filter,
  types,
  withPipelines,
  onChange,
}: {
  facets: Facets;
  filter: Filter;
  types: ReadonlyMap<string, string>;
  withPipelines: boolean;
  onChange: (change: Record<string, string | readonly string[] | undefined>) => void;
}) {
  const shown: readonly LevelName[] = filter.levels.length === 0 ? levels : filter.levels;
  const pipelines = ordered(facets.pipelines, filter.pipelines);
  const blocks = ordered(facets.blocks, filter.blocks);
  const typeOf = (block: string) => {
    for (const [key, type] of types) if (key.endsWith(` ${block}`)) return type;
    return '';
  };
  const time = (label: string, name: 'from' | 'to', value: number | null) => (
    <TextField
      key={`${name} ${value ?? ''}`}
      label={label}
      type="datetime-local"
      step={1}
      defaultValue={written(value)}
      onBlur={(event) => {
        const at = new Date(event.target.value).getTime();
        if (written(value) !== event.target.value) onChange({ [name]: Number.isNaN(at) ? undefined : new Date(at).toISOString() });
      }}
    />
  );
  return (
    <aside className="logs-facets" aria-label="Filters">
      <h2 className="facet-title section-title">Level</h2>
      <ul>
        {levels.map((level) => (
          <Choice
            key={level}
            label={levelWords[level]}
            isOn={shown.includes(level)}
            lines={facets.levels.get(level) ?? 0}
            onChange={(on) => {
              const next = toggled(shown, level, on);
              onChange({ level: next.length === levels.length ? undefined : next });
            }}
          >
            {levelWords[level]}
          </Choice>
        ))}
      </ul>
      {withPipelines ? (
        <>
          <h2 className="facet-title section-title">
            Pipeline <span className="text-3 text-meta">{filter.pipelines.length === 0 ? 'all' : `${filter.pipelines.length} chosen`}</span>
          </h2>
          <ul>
            {pipelines.slice(0, Math.max(MOST, filter.pipelines.length)).map(({ name, lines }) => (
              <Choice key={name} label={name} isOn={filter.pipelines.includes(name)} lines={lines} onChange={(on) => onChange({ pipeline: toggled(filter.pipelines, name, on) })}>
                <span className="cut" title={name}>
                  {name}
                </span>
              </Choice>
            ))}
          </ul>
          {pipelines.length > MOST ? <p className="text-meta text-3">{pipelines.length - MOST} more</p> : null}
        </>
      ) : null}
      <h2 className="facet-title section-title">
        Block <span className="text-3 text-meta">{filter.blocks.length === 0 ? 'all' : `${filter.blocks.length} chosen`}</span>
      </h2>
      <ul>
        {blocks.slice(0, Math.max(MOST, filter.blocks.length)).map(({ name, lines }) => (
          <Choice key={name} label={name} isOn={filter.blocks.includes(name)} lines={lines} onChange={(on) => onChange({ block: toggled(filter.blocks, name, on) })}>
            <KindTile kind={kindOf(typeOf(name))} />
            <span className="cut mono text-meta" title={name}>
              {name}
            </span>
          </Choice>
        ))}
      </ul>
      {blocks.length > MOST ? <p className="text-meta text-3">{blocks.length - MOST} more</p> : null}
      <h2 className="facet-title section-title">Time</h2>
      <div style={{ display: 'grid', gap: 8, paddingBottom: 12 }}>
        {time('From', 'from', filter.from)}
        {time('To', 'to', filter.to)}
      </div>
    </aside>
  );
}
