// The settings of a block, as the pipeline's file has them: retries, timeout, what dynamic blocks say, where SQL runs.
import { useState } from 'react';

import type { Block } from '../../core/notebook/model';
import { map, someNumber, text } from '../../lib/json';
import { Button } from '../../ui/button';
import { SelectField, Switch, TextField } from '../../ui/field';
import { useActions, useBlocks } from './use-session';

type Changes = Readonly<Record<string, unknown>>;

/** A number that may be left out. Saved when it is left or entered; nonsense says what is wanted and saves nothing. */
function NumberSetting({ label, hint, value, least = 0, onSave }: { label: string; hint?: string; value: number | null; least?: number; onSave: (value: number | null) => void }) {
  const shown = value === null ? '' : String(value);
  const [written, setWritten] = useState(shown);
  const [error, setError] = useState<string | undefined>(undefined);
  const save = () => {
    if (written.trim() === '') {
      setError(undefined);
      if (value !== null) onSave(null);
      return;
    }
    const number = Number(written);
    if (!Number.isFinite(number) || number < least) {
      setError(`A number, at least ${least}`);
      return;
    }
    setError(undefined);
    if (number !== value) onSave(number);
  };
  return (
    <TextField
      label={label}
      {...(hint === undefined ? {} : { hint })}
      error={error}
      inputMode="decimal"
      value={written}
      onChange={(event) => setWritten(event.target.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === 'Enter') save();
      }}
    />
  );
}

function TextSetting({ label, value, onSave }: { label: string; value: string; onSave: (value: string) => void }) {
  const [written, setWritten] = useState(value);
  const save = () => {
    if (written !== value) onSave(written);
  };
  return (
    <TextField
      label={label}
      mono
      value={written}
      onChange={(event) => setWritten(event.target.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === 'Enter') save();
      }}
    />
  );
}

function FlagSetting({ label, about, checked, onChange }: { label: string; about: string; checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <div className="setting-flag">
      <div>
        <p className="text-table">{label}</p>
        <p className="text-meta text-3">{about}</p>
      </div>
      <Switch label={label} checked={checked} onChange={onChange} />
    </div>
  );
}

const POLICIES = [
  { value: 'append', label: 'append' },
  { value: 'replace', label: 'replace' },
  { value: 'fail', label: 'fail if it exists' },
] as const;

function Sql({ block, change }: { block: Block; change: (changes: Changes) => void }) {
  const from = block.configuration;
  const set = (key: string, value: unknown) => change({ configuration: { ...from, [key]: value } });
  const policy = text(from.export_write_policy, 'append');
  return (
    <section className="pane-part">
      <h3 className="pane-title">SQL</h3>
      <div className="settings">
        {(
          [
            ['data_provider', 'Provider'],
            ['data_provider_profile', 'Profile of io_config.yaml'],
            ['data_provider_database', 'Database'],
            ['data_provider_schema', 'Schema'],
            ['data_provider_table', 'Table'],
          ] as const
        ).map(([key, label]) => (
          <TextSetting key={key} label={label} value={text(from[key])} onSave={(value) => set(key, value)} />
        ))}
        <SelectField label="When the table exists" value={POLICIES.find((one) => one.value === policy)?.value ?? 'append'} options={POLICIES} onChange={(value) => set('export_write_policy', value)} />
        <FlagSetting label="Raw SQL" about="The text is run as it is; no table is made around it." checked={from.use_raw_sql === true} onChange={(value) => set('use_raw_sql', value)} />
      </div>
    </section>
  );
}

export function BlockSettings({ block }: { block: Block }) {
  const actions = useActions();
  const blocks = useBlocks();
  const change = (changes: Changes) => void actions.change(block.uuid, changes);
  const retry = map(block.retry);
  const setRetry = (key: string, value: unknown) => {
    const next: Record<string, unknown> = { ...retry, [key]: value };
    if (value === null) Reflect.deleteProperty(next, key);
    change({ retry_config: next });
  };
  const dynamic = block.configuration.dynamic === true;
  const reduce = block.configuration.reduce_output === true;
  const setFlag = (key: string, value: boolean) => change({ configuration: { ...block.configuration, [key]: value } });
  const candidates = blocks.filter((one) => one.uuid !== block.uuid && !block.upstream.includes(one.uuid));
  return (
    <div className="facts">
      <section className="pane-part">
        <h3 className="facts-name mono">{block.uuid}</h3>
        <div className="settings">
          <TextSetting label="Name" value={block.name} onSave={(name) => void actions.rename(block.uuid, name)} />
          <NumberSetting label="Timeout" hint="Seconds an attempt may take; empty for no limit" value={block.timeout} onSave={(timeout) => change({ timeout })} />
          <NumberSetting label="Priority" hint="Higher starts first among blocks that are ready together" value={block.priority} least={-1000} onSave={(priority) => change({ priority: priority ?? 0 })} />
        </div>
      </section>
      <section className="pane-part">
        <h3 className="pane-title">Inputs, in the order of the arguments</h3>
        <ol className="setting-inputs">
          {block.upstream.map((uuid, at) => (
            <li key={uuid}>
              <span className="text-3">{at + 1}</span> <span className="mono cut">{uuid}</span>
              {at === 0 ? null : (
                <Button
                  small
                  look="quiet"
                  onClick={() => {
                    const next = [...block.upstream];
                    next.splice(at - 1, 0, ...next.splice(at, 1));
                    change({ upstream_blocks: next });
                  }}
                >
                  Move up
                </Button>
              )}
              <Button small look="quiet" onClick={() => void actions.disconnect(uuid, block.uuid)}>
                Remove
              </Button>
            </li>
          ))}
        </ol>
        {candidates.length === 0 ? null : (
          <select className="input" aria-label="Add an input" value="" onChange={(event) => void actions.connect(event.target.value, block.uuid)}>
            <option value="">Add an input…</option>
            {candidates.map((one) => (
              <option key={one.uuid}>{one.uuid}</option>
            ))}
          </select>
        )}
      </section>
      <section className="pane-part">
        <h3 className="pane-title">Retries</h3>
        <div className="settings">
          <NumberSetting label="Further attempts" hint="Empty: as the pipeline or the project says" value={someNumber(retry.retries)} onSave={(value) => setRetry('retries', value)} />
          <NumberSetting label="Seconds before the first one" value={someNumber(retry.delay)} onSave={(value) => setRetry('delay', value)} />
          <NumberSetting label="At most so many seconds" value={someNumber(retry.max_delay)} onSave={(value) => setRetry('max_delay', value)} />
          <FlagSetting label="Longer from time to time" about="The delay doubles from attempt to attempt." checked={retry.exponential_backoff === true} onChange={(value) => setRetry('exponential_backoff', value)} />
        </div>
      </section>
      <section className="pane-part">
        <h3 className="pane-title">Dynamic blocks</h3>
        <div className="settings">
          <FlagSetting label="Dynamic" about="Each item that it gives makes a run of the blocks below it." checked={dynamic} onChange={(value) => setFlag('dynamic', value)} />
          <FlagSetting label="Reduce output" about="The blocks below get what all its runs gave as one list." checked={reduce} onChange={(value) => setFlag('reduce_output', value)} />
        </div>
      </section>
      {block.language === 'sql' ? <Sql block={block} change={change} /> : null}
    </div>
  );
}
