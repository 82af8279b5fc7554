// Global data products: pipelines whose data other pipelines take, made anew when it is too old.
import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Plus, Trash2 } from 'lucide-react';
import { Link } from 'react-router';

import { type GlobalProduct, globalProducts, useDeleteGlobalProduct, useSaveGlobalProduct } from '../../api/global-products';
import { pipelines } from '../../api/pipelines';
import { map, text } from '../../lib/json';
import { count, exact, parseTime, plural } from '../../lib/format';
import { paths } from '../../lib/paths';
import { useSearch } from '../../lib/search';
import { Button } from '../../ui/button';
import { FormDialog } from '../../ui/dialog';
import { Checkbox, SearchField, SelectField, TextField } from '../../ui/field';
import { type Column, KeyHints, ListTable } from '../../ui/list-table';
import { Empty, Failure } from '../../ui/states';
import { Status } from '../../ui/status';
import { agesOf, ageWords, blocksOf, momentWords, stateOf, type Unit, units } from './age';

/** Whether it is fresh, and why, with the run that made it. */
function State({ product: one }: { product: GlobalProduct }) {
  const { tone, word } = stateOf(one);
  const ends = one.outdated_at === null ? '' : `; fresh until ${exact(parseTime(one.outdated_at))}`;
  return (
    <>
      <Status tone={tone} look="quiet">
        {word}
      </Status>
      {one.made_at === null && one.is_outdated !== null ? '' : ' · '}
      {one.run_id !== null && one.made_at !== null ? (
        <Link to={paths.run(text(one.object_uuid), one.run_id)} title={`Run ${one.run_id}, ${exact(parseTime(one.made_at))}${ends}`}>
          {one.reason}
        </Link>
      ) : one.is_outdated === null ? (
        one.reason
      ) : null}
    </>
  );
}

/** For how long, and from which moment on it may count as old. */
function FreshFor({ product: one }: { product: GlobalProduct }) {
  const moment = momentWords(one.outdated_starting_at);
  return (
    <>
      {ageWords(one.outdated_after) || <span className="text-3">ever</span>}
      {moment === '' ? null : <span className="text-3" title={`Old only from ${moment}`}>{`, old only from ${moment}`}</span>}
    </>
  );
}

const columns: Column<GlobalProduct>[] = [
  { id: 'uuid', header: 'Product', width: 'minmax(130px, 1.4fr)', cell: (one) => <span className="list-name mono">{one.uuid}</span> },
  {
    id: 'pipeline',
    header: 'Made by',
    width: 'minmax(110px, 1.2fr)',
    cell: (one) => <Link to={paths.editor(text(one.object_uuid))}>{text(one.object_uuid)}</Link>,
  },
  { id: 'state', header: 'State', width: 'minmax(300px, 3fr)', cell: (one) => <State product={one} /> },
  { id: 'fresh', header: 'Fresh for', width: 'minmax(110px, 1.2fr)', cell: (one) => <FreshFor product={one} /> },
  { id: 'blocks', header: 'Outputs of', width: 'minmax(100px, 1.2fr)', cell: (one) => blocksOf(one.settings).join(', ') || <span className="text-3">its last blocks</span> },
];

interface Written {
  uuid: string;
  pipeline: string;
  amount: string;
  unit: Unit;
  blocks: readonly string[];
}

/** Makes one, or changes one that is there. */
function Edit({ product, onClose }: { product: GlobalProduct | undefined; onClose: () => void }) {
  const all = useQuery(pipelines.list());
  const save = useSaveGlobalProduct();
  const ages = agesOf(product?.outdated_after);
  const [written, setWritten] = useState<Written>({
    uuid: product?.uuid ?? '',
    pipeline: text(product?.object_uuid),
    amount: String(ages[0]?.amount ?? (product === undefined ? 1 : '')),
    unit: ages[0]?.unit ?? 'days',
    blocks: blocksOf(product?.settings),
  });
  const change = (part: Partial<Written>) => setWritten((now) => ({ ...now, ...part }));
  const names = (all.data ?? []).map((one) => one.uuid);
  const pipeline = written.pipeline === '' ? (names[0] ?? '') : written.pipeline;
  const blocks = all.data?.find((one) => one.uuid === pipeline)?.blocks ?? [];
  const isAmount = written.amount.trim() === '' || /^[1-9]\d*$/.test(written.amount.trim());
  const reason = written.uuid.trim() === '' ? 'Name the product' : pipeline === '' ? 'There is no pipeline yet' : isAmount ? (save.isPending ? 'It is being saved' : undefined) : 'Write a whole number';
  const submit = () => {
    const known = map(product?.settings);
    const settings = Object.fromEntries(written.blocks.map((name) => [name, known[name] ?? {}]));
    const amount = written.amount.trim();
    const saving = save.mutateAsync({
      isNew: product === undefined,
      change: {
        uuid: written.uuid.trim(),
        object_type: 'pipeline',
        object_uuid: pipeline,
        // A time of several parts stays as it is until its first part is changed.
        outdated_after: amount === '' ? null : ages.length > 1 && amount === String(ages[0]?.amount) && written.unit === ages[0]?.unit ? map(product?.outdated_after) : { [written.unit]: Number(amount) },
        settings,
        ...(product === undefined ? {} : { revision: product.revision }),
      },
    });
    void saving.then(onClose, () => undefined);
  };
  return (
    <FormDialog
      title={product === undefined ? 'New global data product' : `Change ${product.uuid}`}
      action={product === undefined ? 'Make the product' : 'Save the product'}
      disabledReason={reason}
      onSubmit={submit}
      onClose={onClose}
    >
      {product === undefined ? null : (
        <p className="text-table">
          <State product={product} />
        </p>
      )}
      {product === undefined ? (
        // eslint-disable-next-line jsx-a11y/no-autofocus -- the dialog asks for this first
        <TextField label="Name" mono autoFocus value={written.uuid} onChange={(event) => change({ uuid: event.target.value })} />
      ) : null}
      {names.length === 0 ? null : <SelectField label="Pipeline that makes it" value={pipeline} options={names.map((name) => ({ value: name, label: name }))} onChange={(name) => change({ pipeline: name, blocks: [] })} />}
      <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', gap: 12 }}>
        <TextField label="Fresh for" inputMode="numeric" placeholder="ever" value={written.amount} error={isAmount ? undefined : 'A whole number'} onChange={(event) => change({ amount: event.target.value })} />
        <SelectField label="Unit" value={written.unit} options={units.map((unit) => ({ value: unit, label: unit }))} onChange={(unit) => change({ unit })} />
      </div>
      {blocks.length === 0 ? null : (
        <fieldset style={{ maxHeight: 180, margin: 0, padding: '4px 12px 8px', overflow: 'auto', border: '1px solid var(--border-default)', borderRadius: 6 }}>
          <legend className="field-label">Outputs of (of its last blocks when none is chosen)</legend>
          {blocks.map((block) => (
            <div key={block.uuid} style={{ display: 'flex', alignItems: 'center', gap: 8, height: 26 }}>
              <Checkbox label={block.uuid} checked={written.blocks.includes(block.uuid)} onChange={(isOn) => change({ blocks: isOn ? [...written.blocks, block.uuid] : written.blocks.filter((one) => one !== block.uuid) })} />
              <span className="mono text-table">{block.uuid}</span>
            </div>
          ))}
        </fieldset>
      )}
      {save.error === null ? null : <Failure title="The product was not saved" error={save.error} />}
    </FormDialog>
  );
}

export function GlobalProductsPage() {
  const [search, change] = useSearch();
  const found = useQuery(globalProducts.list());
  const remove = useDeleteGlobalProduct();
  const [isNew, setNew] = useState(false);
  const [deleting, setDeleting] = useState<string>();
  const wanted = (search.get('search') ?? '').trim().toLowerCase();
  const all = useMemo(() => found.data ?? [], [found.data]);
  const rows = useMemo(() => all.filter((one) => `${one.uuid} ${text(one.object_uuid)}`.toLowerCase().includes(wanted)), [all, wanted]);
  const groups = useMemo(() => [{ key: 'all', rows }], [rows]);
  const opened = all.find((one) => one.uuid === search.get('product'));
  return (
    <div className="list-page">
      <div className="page-head">
        <h1 className="page-title">Global data products</h1>
        <span className="text-table text-2">Blocks of any pipeline read them; one that is too old is made anew first.</span>
        <Button look="primary" icon={<Plus aria-hidden />} onClick={() => setNew(true)}>
          New product
        </Button>
      </div>
      <div className="filter-line">
        <SearchField label="Name, pipeline" value={search.get('search') ?? ''} onChange={(value) => change({ search: value })} />
        <span className="text-3 text-table" role="status">
          {found.data === undefined ? '' : rows.length < all.length ? `${count(rows.length)} of ${plural(all.length, 'product')}` : plural(all.length, 'product')}
        </span>
      </div>
      {found.error === null ? null : (
        <div style={{ marginBottom: 12 }}>
          <Failure title="The products could not be listed" error={found.error} onRetry={() => void found.refetch()} />
        </div>
      )}
      <ListTable
        label="Global data products"
        columns={columns}
        groups={groups}
        keyOf={(one) => one.uuid}
        nameOf={(one) => one.uuid}
        onOpen={(one) => change({ product: one.uuid })}
        isLoading={found.isPending}
        actions={(one) => (
          <Button small look="quiet" icon={<Trash2 aria-hidden />} onClick={() => setDeleting(one.uuid)}>
            Delete {one.uuid}…
          </Button>
        )}
        empty={
          wanted === '' ? (
            <Empty title="There is no global data product yet" action={<Button onClick={() => setNew(true)}>Make the first one</Button>}>
              It names a pipeline, and how long its data stays fresh.
            </Empty>
          ) : (
            <Empty title="No product matches" action={<Button onClick={() => change({ search: undefined })}>Clear 1 filter</Button>} />
          )
        }
      />
      <div className="list-foot">
        {deleting === undefined ? (
          <KeyHints
            hints={[
              { keys: ['J', 'K'], does: 'move' },
              { keys: ['Enter'], does: 'change' },
            ]}
          />
        ) : (
          <>
            <span style={{ color: 'var(--text-primary)' }} role="alert">
              Blocks that read {deleting} will fail; its pipeline and runs stay. {remove.error?.message ?? ''}
            </span>
            <Button small look="danger" onClick={() => void remove.mutateAsync(deleting).then(() => setDeleting(undefined), () => undefined)}>
              Delete {deleting}
            </Button>
            <Button small look="quiet" onClick={() => setDeleting(undefined)}>
              Keep
            </Button>
          </>
        )}
      </div>
      {isNew ? <Edit product={undefined} onClose={() => setNew(false)} /> : null}
      {opened === undefined || isNew ? null : <Edit key={opened.uuid} product={opened} onClose={() => change({ product: undefined })} />}
    </div>
  );
}
