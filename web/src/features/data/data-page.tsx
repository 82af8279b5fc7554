// What data there is: every output that blocks have made, as the newest run has left it.
import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from 'react-router';

import { pipelines } from '../../api/pipelines';
import { type CatalogueProduct, products } from '../../api/products';
import { count, parseTime, plural, size, zone } from '../../lib/format';
import { kindOf } from '../../lib/kind';
import { useIsWide } from '../../lib/media';
import { paths } from '../../lib/paths';
import { oneOf, useSearch } from '../../lib/search';
import { Button, ButtonLink } from '../../ui/button';
import { FilterChip } from '../../ui/chip';
import { SearchField } from '../../ui/field';
import { KindTile } from '../../ui/kind';
import { type Column, KeyHints, ListTable, type Sort } from '../../ui/list-table';
import { Menu, MenuChoice } from '../../ui/menu';
import { Empty, Failure } from '../../ui/states';
import { Views } from '../../ui/tabs';
import { Time } from '../../ui/time';
import { kindWords } from './product-words';
import './data.css';

const views = ['all', 'tables', 'values', 'images'] as const;
type View = (typeof views)[number];
const viewWords: Record<View, string> = { all: 'All', tables: 'Tables', values: 'Values', images: 'Images' };
const belongs: Record<View, (kind: CatalogueProduct['kind']) => boolean> = {
  all: () => true,
  tables: (kind) => kind === 'frame',
  values: (kind) => kind === 'json' || kind === 'text' || kind === 'opaque',
  images: (kind) => kind === 'image',
};

const sorts = ['-made', 'made', 'name', '-name', 'pipeline', '-pipeline', 'rows', '-rows', 'size', '-size', 'versions', '-versions'] as const;

const madeAt = (product: CatalogueProduct) => (product.completed_at == null ? 0 : parseTime(product.completed_at));
const nameOf = (product: CatalogueProduct) => `${product.block_uuid} ${product.name}`;
const keyOf = (product: CatalogueProduct) => `${product.pipeline_uuid} ${product.block_uuid} ${product.name}`;

function compared(column: string, one: CatalogueProduct, other: CatalogueProduct): number {
  switch (column) {
    case 'name':
      return nameOf(one).localeCompare(nameOf(other));
    case 'pipeline':
      return one.pipeline_uuid.localeCompare(other.pipeline_uuid);
    case 'rows':
      return (one.rows ?? -1) - (other.rows ?? -1);
    case 'size':
      return one.bytes - other.bytes;
    case 'versions':
      return one.versions - other.versions;
    default:
      return madeAt(one) - madeAt(other);
  }
}

/** The kinds of the blocks, by pipeline and block. */
function useBlockTypes(): ReadonlyMap<string, string> {
  const list = useQuery(pipelines.list());
  return useMemo(
    () => new Map((list.data ?? []).flatMap((one) => one.blocks.map((block) => [`${one.uuid} ${block.uuid}`, block.type] as const))),
    [list.data],
  );
}

function columnsOf(isWide: boolean, types: ReadonlyMap<string, string>): Column<CatalogueProduct>[] {
  const columns: (Column<CatalogueProduct> | false)[] = [
    {
      id: 'name',
      header: 'Product',
      width: 'minmax(192px, 2fr)',
      sorts: true,
      cell: (product) => (
        <span className="data-name">
          <KindTile kind={kindOf(types.get(`${product.pipeline_uuid} ${product.block_uuid}`) ?? '')} />
          <Link className="list-name mono cut" to={paths.product(product.pipeline_uuid, product.block_uuid, product.name)}>
            {product.block_uuid}
            <span className="text-3"> / {product.name}</span>
          </Link>
        </span>
      ),
    },
    {
      id: 'pipeline',
      header: 'Pipeline',
      width: 'minmax(120px, 1fr)',
      sorts: true,
      cell: (product) => <Link to={paths.editor(product.pipeline_uuid, product.block_uuid)}>{product.pipeline_uuid}</Link>,
    },
    { id: 'kind', header: 'Kind', width: '72px', cell: (product) => kindWords[product.kind] },
    {
      id: 'rows',
      header: 'Rows',
      width: '96px',
      align: 'right',
      sorts: true,
      cell: (product) => (product.rows == null ? <span className="text-3">–</span> : count(product.rows)),
    },
    {
      id: 'columns',
      header: 'Columns',
      width: '64px',
      align: 'right',
      cell: (product) => (product.kind === 'frame' ? product.columns : <span className="text-3">–</span>),
    },
    { id: 'size', header: 'Size', width: '80px', align: 'right', sorts: true, cell: (product) => size(product.bytes) },
    isWide && { id: 'versions', header: 'Versions', width: '72px', align: 'right', sorts: true, cell: (product) => product.versions },
    isWide && {
      id: 'parts',
      header: 'Parts',
      width: '64px',
      align: 'right',
      cell: (product) => (product.parts > 1 ? product.parts : <span className="text-3">–</span>),
    },
    { id: 'made', header: 'Made', width: '112px', sorts: true, cell: (product) => (product.completed_at == null ? '–' : <Time at={madeAt(product)} />) },
    {
      id: 'run',
      header: 'By run',
      width: '64px',
      align: 'right',
      cell: (product) => <Link to={paths.run(product.pipeline_uuid, product.pipeline_run_id, product.block_uuid)}>{product.pipeline_run_id}</Link>,
    },
  ];
  return columns.filter((column) => column !== false);
}

export function DataPage() {
  const [search, change] = useSearch();
  const navigate = useNavigate();
  const isWide = useIsWide();
  const list = useQuery(products.list());
  const types = useBlockTypes();
  const view = oneOf(search.get('view'), views);
  const text = (search.get('search') ?? '').trim().toLowerCase();
  const pipeline = search.get('pipeline') ?? undefined;
  const order = oneOf(search.get('sort'), sorts);
  const sort: Sort = { column: order.replace('-', ''), down: order.startsWith('-') };

  const all = useMemo(() => list.data?.products ?? [], [list.data]);
  const found = useMemo(
    () =>
      all
        .filter(
          (product) =>
            belongs[view](product.kind) &&
            (pipeline === undefined || product.pipeline_uuid === pipeline) &&
            (text === '' || `${product.pipeline_uuid} ${product.block_uuid} ${product.name}`.toLowerCase().includes(text)),
        )
        .sort((one, other) => (sort.down ? -1 : 1) * compared(sort.column, one, other)),
    [all, view, pipeline, text, sort.column, sort.down],
  );
  const columns = useMemo(() => columnsOf(isWide, types), [isWide, types]);
  const groups = useMemo(() => [{ key: 'all', rows: found }], [found]);
  const names = useMemo(() => [...new Set(all.map((product) => product.pipeline_uuid))].sort(), [all]);
  const total = list.data?.total ?? 0;
  const filters = (text === '' ? 0 : 1) + (pipeline === undefined ? 0 : 1) + (view === 'all' ? 0 : 1);
  const menu = <MenuChoice value={pipeline ?? ''} options={names.map((name) => ({ value: name, label: name }))} onChange={(name) => change({ pipeline: name })} />;
  return (
    <div className="list-page">
      <div className="page-head">
        <h1 className="page-title">Data</h1>
        <Views
          label="Views"
          views={views.map((name) => ({
            name,
            label: viewWords[name],
            count: list.data === undefined ? undefined : all.filter((product) => belongs[name](product.kind)).length,
          }))}
          value={view}
          onChange={(name) => change({ view: name === 'all' ? undefined : name })}
        />
      </div>
      <div className="filter-line">
        <SearchField label="Block, output, pipeline" value={search.get('search') ?? ''} onChange={(value) => change({ search: value })} />
        {pipeline === undefined ? (
          <Menu
            trigger={
              <Button small look="quiet" disabledReason={names.length === 0 ? 'No pipeline has made data yet' : undefined}>
                + Pipeline
              </Button>
            }
          >
            {menu}
          </Menu>
        ) : (
          <FilterChip property="Pipeline is" value={pipeline} menu={menu} onRemove={() => change({ pipeline: undefined })} />
        )}
        <span className="text-3 text-table" role="status">
          {list.data === undefined ? '' : found.length < total ? `${count(found.length)} of ${plural(total, 'product')}` : plural(total, 'product')}
        </span>
      </div>
      {list.error === null ? null : (
        <div style={{ marginBottom: 12 }}>
          <Failure title="The products could not be listed; these are the last that are known" error={list.error} onRetry={() => void list.refetch()} />
        </div>
      )}
      <ListTable
        label="Data products"
        columns={columns}
        groups={groups}
        keyOf={keyOf}
        nameOf={nameOf}
        onOpen={(product) => void navigate(paths.product(product.pipeline_uuid, product.block_uuid, product.name))}
        sort={sort}
        onSort={(next) => {
          const wanted = `${next.down ? '-' : ''}${next.column}`;
          change({ sort: wanted === '-made' ? undefined : wanted });
        }}
        isLoading={list.isPending}
        empty={
          filters === 0 ? (
            <Empty title="No block has made data yet" action={<ButtonLink to={paths.pipelines()}>Go to Pipelines</ButtonLink>}>
              What a block returns is kept with its schema and its statistics, once for every run.
            </Empty>
          ) : (
            <Empty title="No product matches" action={<Button onClick={() => change({ search: undefined, pipeline: undefined, view: undefined })}>Clear {plural(filters, 'filter')}</Button>} />
          )
        }
      />
      <div className="list-foot">
        <KeyHints
          hints={[
            { keys: ['J', 'K'], does: 'move' },
            { keys: ['Enter'], does: 'open' },
            { keys: ['/'], does: 'search' },
          ]}
        />
        <span className="list-foot-end">Times in {zone}</span>
      </div>
    </div>
  );
}
