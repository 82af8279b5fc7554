// A data product: its schema, its rows, what is known of its columns, its versions, and who makes and reads it.
import { type ReactNode, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { Check, Copy, Download, PanelLeft, SquarePen } from 'lucide-react';
import { Link, useParams } from 'react-router';

import { pipelines } from '../../api/pipelines';
import { products, type ProductVersion } from '../../api/products';
import { bytesOf, downloadOf } from '../../api/tables';
import type { Product } from '../../core/notebook/model';
import { product as readProduct } from '../../core/notebook/read';
import { DataTable } from '../../core/tables/data-table';
import { ProductText } from '../../core/tables/product-text';
import { addressOf, viewOf } from '../../core/tables/view-address';
import { count, parseTime, plural, size } from '../../lib/format';
import { kindOf } from '../../lib/kind';
import { useIsWide } from '../../lib/media';
import { paths } from '../../lib/paths';
import { oneOf, useSearch } from '../../lib/search';
import { Button, ButtonLink } from '../../ui/button';
import { SelectField } from '../../ui/field';
import { KindTile } from '../../ui/kind';
import { Menu, MenuItem } from '../../ui/menu';
import { Empty, Failure, Skeleton } from '../../ui/states';
import { TabPanel, Tabs } from '../../ui/tabs';
import { Time } from '../../ui/time';
import { Lineage } from './lineage';
import { kindWords, shapeWords } from './product-words';
import { Profile, type StoredFacts } from './profile';
import { Schema } from './schema';
import { Versions } from './versions';
import './data.css';

const TOOLS = 'product-tools';

function Fact({ about, children }: { about: ReactNode; children: ReactNode }) {
  return (
    <div className="product-fact">
      <span>{children}</span>
      <span className="text-meta text-2">{about}</span>
    </div>
  );
}

/** What a block of another pipeline writes to read it. */
function asPython(pipeline: string, block: string, name: string): string {
  return `from mage_ai.data_preparation.variable_manager import get_variable\n\n${name === 'output_0' ? block : name} = get_variable('${pipeline}', '${block}', '${name}')\n`;
}

function CopyAsPython({ text }: { text: string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <Button
      icon={isCopied ? <Check aria-hidden /> : <Copy aria-hidden />}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => setCopied(true));
      }}
    >
      {isCopied ? 'Copied' : 'Copy as Python'}
    </Button>
  );
}

function DownloadMenu({ pipeline, block, version }: { pipeline: string; block: string; version: ProductVersion }) {
  const of = { blockRun: version.block_run_id, product: version.name };
  const go = (to: string) => () => window.location.assign(to);
  if (version.kind !== 'frame') {
    return (
      <a className="button" href={bytesOf(of)} download={version.name}>
        <Download aria-hidden /> Download
      </a>
    );
  }
  const about = `All ${count(version.rows ?? 0)} rows`;
  return (
    <Menu align="end" trigger={<Button icon={<Download aria-hidden />}>Download</Button>}>
      <MenuItem about={about} onSelect={go(downloadOf(pipeline, block, version.pipeline_run_id, version.name, 'csv'))}>
        CSV
      </MenuItem>
      <MenuItem about={about} onSelect={go(downloadOf(pipeline, block, version.pipeline_run_id, version.name, 'parquet'))}>
        Parquet
      </MenuItem>
    </Menu>
  );
}

function Head({ pipeline, block, type, version, newest, total }: { pipeline: string; block: string; type: string; version: ProductVersion; newest: boolean; total: number }) {
  return (
    <header className="product-head">
      <KindTile kind={kindOf(type)} />
      <div className="product-title">
        <h1 className="mono">
          {block} <span className="text-3">/</span> {version.name}
        </h1>
        <p className="text-table text-2">
          {kindWords[version.kind]} of <Link className="link" to={paths.editor(pipeline, block)}>{pipeline}</Link>
          {newest ? `, ${plural(total, 'version')}` : ', an older version'}
          {version.parts > 1 ? `; the first of ${version.parts} parts` : ''}
        </p>
      </div>
      {version.kind === 'frame' ? <Fact about="rows, columns">{shapeWords(version.rows, version.columns.length)}</Fact> : null}
      <Fact about={version.kind === 'frame' ? 'stored as a frame' : `stored as ${version.kind}`}>{size(version.bytes)}</Fact>
      <Fact
        about={
          <>
            made by{' '}
            <Link className="link" to={paths.run(pipeline, version.pipeline_run_id, block)}>
              run {version.pipeline_run_id}
            </Link>
          </>
        }
      >
        {version.completed_at == null ? '–' : <Time at={parseTime(version.completed_at)} />}
      </Fact>
    </header>
  );
}

function storedOf(version: ProductVersion, column: string): StoredFacts | undefined {
  const facts = version.statistics[version.columns.findIndex((one) => one.name === column)];
  return facts === undefined ? undefined : { nulls: facts.nulls, min: facts.min ?? null, max: facts.max ?? null };
}

const belows = ['versions', 'lineage'] as const;

function Loading() {
  return (
    <div className="product-loading" role="status" aria-label="Loading">
      <Skeleton width={320} height={20} />
      <Skeleton width="40%" />
      <Skeleton width="100%" height={240} />
    </div>
  );
}

export function ProductPage() {
  const { pipeline = '', block = '' } = useParams();
  const [search, change] = useSearch();
  const isWide = useIsWide();
  const [isSchemaOpen, setSchemaOpen] = useState(false);
  const found = useQuery(products.versions(pipeline, block));
  const owner = useQuery(pipelines.show(pipeline));
  if (found.error !== null && found.data === undefined) {
    return (
      <div style={{ padding: 24 }}>
        <Failure title="The product cannot be shown" error={found.error} onRetry={() => void found.refetch()} />
      </div>
    );
  }
  if (found.data === undefined) return <Loading />;
  const names = [...new Set(found.data.versions.map((one) => one.name))].sort();
  const name = search.get('output') ?? names[0] ?? '';
  const versions = found.data.versions.filter((one) => one.name === name);
  const [newest] = versions;
  const version = versions.find((one) => String(one.pipeline_run_id) === search.get('run')) ?? newest;
  if (version === undefined || newest === undefined) {
    return (
      <Empty title={`${block} has made no ${name === '' ? 'data' : name} that is still there`} action={<ButtonLink to={paths.editor(pipeline, block)}>Open {block} in the editor</ButtonLink>}>
        Runs and what they made are deleted when they are too old.
      </Empty>
    );
  }
  const at = versions.indexOf(version);
  const other = versions.find((one) => String(one.pipeline_run_id) === search.get('with')) ?? versions[at + 1];
  const type = owner.data?.blocks.find((one) => one.uuid === block)?.type ?? '';
  const model: Product = readProduct(version);
  const of = { blockRun: version.block_run_id, product: version.name };
  const columns = model.columns;
  const column = columns.find((one) => one.name === search.get('column')) ?? columns[0];
  const isFrame = version.kind === 'frame';
  const below = oneOf(search.get('below'), belows);
  const pick = (chosen: string) => {
    change({ column: chosen });
    setSchemaOpen(false);
  };
  const schema = <Schema version={version} chosen={column?.name} onChoose={pick} />;
  const allVersions = (
    <Versions
      versions={versions}
      hasMore={found.data.hasMore}
      chosen={version}
      other={other}
      onChoose={(run) => change({ run: run === newest.pipeline_run_id ? undefined : String(run) })}
      onCompare={(run) => change({ with: String(run) })}
      onColumn={pick}
    />
  );
  const lineage = <Lineage pipeline={pipeline} block={block} name={name} owner={owner.data} />;
  return (
    <div className="product">
      <div className="product-bar">
        {names.length > 1 ? (
          <SelectField label="Output" hideLabel value={name} options={names.map((one) => ({ value: one, label: one }))} onChange={(one) => change({ output: one, run: undefined, with: undefined, column: undefined, sort: undefined, filter: undefined, find: undefined })} />
        ) : null}
        {isFrame && !isWide ? (
          <Button icon={<PanelLeft aria-hidden />} aria-expanded={isSchemaOpen} onClick={() => setSchemaOpen((now) => !now)}>
            Schema
          </Button>
        ) : null}
        <span className="product-actions">
          <ButtonLink look="quiet" icon={<SquarePen aria-hidden />} to={paths.editor(pipeline, block)}>
            Open in editor
          </ButtonLink>
          <CopyAsPython key={name} text={asPython(pipeline, block, name)} />
          <DownloadMenu pipeline={pipeline} block={block} version={version} />
        </span>
      </div>
      <Head pipeline={pipeline} block={block} type={type} version={version} newest={version === newest} total={versions.length} />
      <div className={`product-panes ${isFrame ? '' : 'product-panes-value'}`}>
        {isFrame && (isWide || isSchemaOpen) ? schema : null}
        <section className="product-sample" aria-label="Rows">
          <div className="product-pane-head">
            <h2 className="section-title">{isFrame ? 'Rows' : 'Value'}</h2>
            <span className="product-tools" id={TOOLS} />
          </div>
          {isFrame ? (
            <DataTable
              key={`${version.block_run_id} ${name}`}
              of={of}
              product={model}
              pipeline={pipeline}
              pipelineRun={version.pipeline_run_id}
              block={block}
              tools={TOOLS}
              fills
              view={viewOf(search)}
              onView={(view) => change(addressOf(view))}
              marked={search.get('column') ?? undefined}
            />
          ) : (
            <div className="product-value">
              <ProductText of={of} product={model} />
            </div>
          )}
        </section>
        {isFrame && column !== undefined ? <Profile of={of} column={column} columns={columns} stored={storedOf(version, column.name)} rows={version.rows ?? 0} onChoose={pick} /> : null}
      </div>
      {isWide ? (
        <div className="product-below">
          {allVersions}
          {lineage}
        </div>
      ) : (
        <Tabs
          label="More of this product"
          className="product-below-tabs"
          tabs={[
            { name: 'versions', label: 'Versions', count: versions.length },
            { name: 'lineage', label: 'Lineage' },
          ]}
          value={below}
          onChange={(chosen) => change({ below: chosen === 'versions' ? undefined : chosen })}
        >
          <TabPanel value="versions">{allVersions}</TabPanel>
          <TabPanel value="lineage">{lineage}</TabPanel>
        </Tabs>
      )}
    </div>
  );
}
