// The templates of blocks: those that Baton brings, and those of the project.
import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Plus, Trash2 } from 'lucide-react';
import { useNavigate } from 'react-router';

import { pipelines } from '../../api/pipelines';
import { useDeleteTemplate, useMakeTemplate, useTemplate } from '../../api/template-edits';
import { type BlockTemplate, templates } from '../../api/templates';
import { count, plural } from '../../lib/format';
import { type Kind, kindOf, kindWords, languageName } from '../../lib/kind';
import { paths } from '../../lib/paths';
import { oneOf, useSearch } from '../../lib/search';
import { Button, IconButton } from '../../ui/button';
import { Chip } from '../../ui/chip';
import { FormDialog } from '../../ui/dialog';
import { SearchField, SelectField, TextField } from '../../ui/field';
import { KindTile } from '../../ui/kind';
import { type Column, KeyHints, ListTable } from '../../ui/list-table';
import { Empty, Failure } from '../../ui/states';
import { Views } from '../../ui/tabs';
import './templates.css';

const views = ['all', 'loader', 'transformer', 'exporter', 'sensor', 'custom', 'own'] as const;
type View = (typeof views)[number];
const viewWords: Record<View, string> = { all: 'All', loader: 'Loaders', transformer: 'Transformers', exporter: 'Exporters', sensor: 'Sensors', custom: 'Others', own: 'Of this project' };

function belongs(template: BlockTemplate, view: View): boolean {
  if (view === 'all') return true;
  if (view === 'own') return template.is_custom;
  const kind: Kind = kindOf(template.block_type);
  return view === 'custom' ? kind === 'custom' || kind === 'conditional' : kind === view;
}

const keyOf = (template: BlockTemplate) => `${template.is_custom ? 'own' : 'baton'} ${template.id} ${template.path}`;

const columns: Column<BlockTemplate>[] = [
  {
    id: 'name',
    header: 'Template',
    width: 'minmax(160px, 1.6fr)',
    cell: (template) => (
      <span style={{ display: 'flex', alignItems: 'center', gap: 8 }}>
        <KindTile kind={kindOf(template.block_type)} /> <span className="list-name cut">{template.name}</span>
      </span>
    ),
  },
  { id: 'kind', header: 'Makes', width: '104px', cell: (template) => kindWords[kindOf(template.block_type)] },
  { id: 'language', header: 'Language', width: '88px', cell: (template) => <Chip>{languageName(template.language)}</Chip> },
  { id: 'of', header: 'Of', width: '96px', cell: (template) => (template.is_custom ? 'this project' : 'Baton') },
];

/** Makes a block of a template in a pipeline. */
function Use({ template, onClose }: { template: BlockTemplate; onClose: () => void }) {
  const all = useQuery(pipelines.list());
  const names = (all.data ?? []).map((one) => one.uuid);
  const [chosen, setChosen] = useState<string>();
  const [name, setName] = useState('');
  const use = useTemplate();
  const navigate = useNavigate();
  const pipeline = chosen ?? names[0];
  const reason = pipeline === undefined ? 'There is no pipeline yet' : name.trim() === '' ? 'Name the block' : use.isPending ? 'It is being made' : undefined;
  const submit = () => {
    if (pipeline === undefined) return;
    const config = template.is_custom ? { custom_template_uuid: template.id } : { template_path: template.path };
    void use.mutateAsync({ pipeline, block: { name: name.trim(), type: template.block_type, language: template.language, config } }).then(
      (block) => void navigate(paths.editor(pipeline, block.uuid)),
      () => undefined,
    );
  };
  return (
    <FormDialog title={`New block of “${template.name}”`} action="Make the block" disabledReason={reason} onSubmit={submit} onClose={onClose}>
      {names.length === 0 ? null : <SelectField label="In the pipeline" value={pipeline ?? ''} options={names.map((one) => ({ value: one, label: one }))} onChange={setChosen} />}
      {/* eslint-disable-next-line jsx-a11y/no-autofocus -- the dialog asks for this one thing */}
      <TextField label="Name of the block" autoFocus value={name} error={use.error?.message} onChange={(event) => setName(event.target.value)} />
    </FormDialog>
  );
}

/** Makes a template of a block as it is now. */
function Make({ onDone, onClose }: { onDone: () => void; onClose: () => void }) {
  const all = useQuery(pipelines.list());
  const blocks = (all.data ?? []).flatMap((one) => one.blocks.map((block) => ({ pipeline: one.uuid, block: block.uuid, key: `${one.uuid} ${block.uuid}` })));
  const [chosen, setChosen] = useState<string>();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const make = useMakeTemplate();
  const from = blocks.find((one) => one.key === chosen) ?? blocks[0];
  const reason = from === undefined ? 'There is no block yet' : name.trim() === '' ? 'Name the template' : make.isPending ? 'It is being made' : undefined;
  const submit = () => {
    if (from === undefined) return;
    void make.mutateAsync({ pipeline: from.pipeline, block: from.block, name: name.trim(), description: description.trim() }).then(onDone, () => undefined);
  };
  return (
    <FormDialog title="New template of a block" action="Make the template" disabledReason={reason} onSubmit={submit} onClose={onClose}>
      {from === undefined ? null : <SelectField label="Block, whose code it takes as it is now" value={from.key} options={blocks.map((one) => ({ value: one.key, label: `${one.block} of ${one.pipeline}` }))} onChange={setChosen} />}
      {/* eslint-disable-next-line jsx-a11y/no-autofocus -- the dialog asks for this one thing */}
      <TextField label="Name" autoFocus value={name} error={make.error?.message} hint="It is kept in custom_templates, with the other files of the project." onChange={(event) => setName(event.target.value)} />
      <TextField label="What it is for" value={description} onChange={(event) => setDescription(event.target.value)} />
    </FormDialog>
  );
}

function Preview({ template, onUse, onDeleted }: { template: BlockTemplate; onUse: () => void; onDeleted: () => void }) {
  const [isAsked, setAsked] = useState(false);
  const remove = useDeleteTemplate();
  return (
    <section className="template" aria-label={`Template ${template.name}`}>
      <div className="template-head">
        <KindTile kind={kindOf(template.block_type)} />
        <h2 className="section-title cut">{template.name}</h2>
        {template.is_custom ? (
          <IconButton look="quiet" label={`Delete ${template.name}`} onClick={() => setAsked(true)}>
            <Trash2 aria-hidden />
          </IconButton>
        ) : null}
        <Button look="primary" onClick={onUse}>
          Use in a pipeline
        </Button>
      </div>
      {isAsked ? (
        <div className="template-head" role="alert">
          <span className="text-table" style={{ flex: 1 }}>
            The template is lost; blocks that were made of it stay. {remove.error?.message ?? ''}
          </span>
          <Button small look="danger" onClick={() => void remove.mutateAsync(template.id).then(onDeleted, () => undefined)}>
            Delete {template.name}
          </Button>
          <Button small look="quiet" onClick={() => setAsked(false)}>
            Keep
          </Button>
        </div>
      ) : null}
      <p className="template-about">{template.description === '' ? `${kindWords[kindOf(template.block_type)]} in ${languageName(template.language)}.` : template.description}</p>
      {/* A region that scrolls must be reachable by keyboard. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className="template-code mono" role="region" aria-label="Code" tabIndex={0}>
        {template.content === null || template.content === '' ? '(empty)' : template.content}
      </pre>
    </section>
  );
}

export function TemplatesPage() {
  const [search, change] = useSearch();
  const found = useQuery(templates.blocks());
  const [asked, setAsked] = useState<'use' | 'make'>();
  const view = oneOf(search.get('view'), views);
  const text = (search.get('search') ?? '').trim().toLowerCase();
  const all = useMemo(() => found.data ?? [], [found.data]);
  const rows = useMemo(
    () => all.filter((one) => belongs(one, view) && `${one.name} ${one.description} ${one.groups.join(' ')} ${one.language} ${one.block_type}`.toLowerCase().includes(text)),
    [all, view, text],
  );
  const groups = useMemo(() => {
    const names = [...new Set(rows.map((one) => one.groups.join(', ')))];
    if (names.length <= 1) return [{ key: 'all', rows }];
    return names.map((name) => ({ key: name, title: name === '' ? 'General' : name, rows: rows.filter((one) => one.groups.join(', ') === name) }));
  }, [rows]);
  const chosen = rows.find((one) => keyOf(one) === search.get('template')) ?? rows[0];
  const filters = (text === '' ? 0 : 1) + (view === 'all' ? 0 : 1);
  return (
    <div className="list-page">
      <div className="page-head">
        <h1 className="page-title">Templates</h1>
        <Views
          label="Views"
          views={views.map((name) => ({ name, label: viewWords[name], count: found.data === undefined ? undefined : all.filter((one) => belongs(one, name)).length }))}
          value={view}
          onChange={(name) => change({ view: name === 'all' ? undefined : name })}
        />
        <Button icon={<Plus aria-hidden />} onClick={() => setAsked('make')}>
          New template
        </Button>
      </div>
      <div className="filter-line">
        <SearchField label="Name, language, purpose" value={search.get('search') ?? ''} onChange={(value) => change({ search: value })} />
        <span className="text-3 text-table" role="status">
          {found.data === undefined ? '' : rows.length < all.length ? `${count(rows.length)} of ${plural(all.length, 'template')}` : plural(all.length, 'template')}
        </span>
      </div>
      {found.error === null ? null : (
        <div style={{ marginBottom: 12 }}>
          <Failure title="The templates could not be listed" error={found.error} onRetry={() => void found.refetch()} />
        </div>
      )}
      <div className="templates">
        <div className="templates-list">
          <ListTable
            label="Templates"
            columns={columns}
            groups={groups}
            keyOf={keyOf}
            nameOf={(one) => one.name}
            onOpen={(one) => change({ template: keyOf(one) })}
            isLoading={found.isPending}
            empty={
              view === 'own' && text === '' ? (
                <Empty title="The project has no template yet" action={<Button onClick={() => setAsked('make')}>Make one of a block</Button>}>
                  A template is a block to start from, kept with the files of the project.
                </Empty>
              ) : (
                <Empty title="No template matches" action={filters === 0 ? undefined : <Button onClick={() => change({ search: undefined, view: undefined })}>Clear {plural(filters, 'filter')}</Button>} />
              )
            }
          />
          <div className="list-foot">
            <KeyHints
              hints={[
                { keys: ['J', 'K'], does: 'move' },
                { keys: ['Enter'], does: 'look' },
              ]}
            />
          </div>
        </div>
        {chosen === undefined ? null : <Preview key={keyOf(chosen)} template={chosen} onUse={() => setAsked('use')} onDeleted={() => change({ template: undefined })} />}
      </div>
      {asked === 'use' && chosen !== undefined ? <Use template={chosen} onClose={() => setAsked(undefined)} /> : null}
      {asked === 'make' ? (
        <Make
          onClose={() => setAsked(undefined)}
          onDone={() => {
            setAsked(undefined);
            change({ view: 'own', search: undefined, template: undefined });
          }}
        />
      ) : null}
    </div>
  );
}
