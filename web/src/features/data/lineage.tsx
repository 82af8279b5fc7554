// From what a product is made, and who reads it.
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';

import { globalProducts } from '../../api/global-products';
import type { BlockSummary, Pipeline } from '../../api/pipelines';
import { products } from '../../api/products';
import { plural } from '../../lib/format';
import { kindOf } from '../../lib/kind';
import { paths } from '../../lib/paths';
import { KindTile } from '../../ui/kind';
import { shapeWords } from './product-words';

const NODE = 44;
const GAP = 12;
/** More neighbours than that are counted, not drawn. */
const MOST = 4;

const high = (nodes: number) => Math.max(1, nodes) * (NODE + GAP) - GAP;

interface Node {
  block: string;
  type: string;
  about: string;
}

function NodeBox({ pipeline, node, isHere = false }: { pipeline: string; node: Node; isHere?: boolean }) {
  return (
    <Link className={`lineage-node kind-${kindOf(node.type)} ${isHere ? 'lineage-here' : ''}`} to={paths.product(pipeline, node.block)} aria-current={isHere ? 'page' : undefined}>
      <KindTile kind={kindOf(node.type)} />
      <span className="cut">
        <span className="mono lineage-name cut">{node.block}</span>
        <span className="lineage-about cut">{node.about}</span>
      </span>
    </Link>
  );
}

/** Lines from the middle of each of `many` to the middle of one, or the other way round. */
function Lines({ many, height, isIn }: { many: number; height: number; isIn: boolean }) {
  const middle = height / 2;
  const start = (height - high(many)) / 2;
  return (
    <svg className="lineage-lines" width={40} height={height} aria-hidden>
      {Array.from({ length: many }, (_, at) => {
        const y = start + at * (NODE + GAP) + NODE / 2;
        const [from, to] = isIn ? [y, middle] : [middle, y];
        return <path key={at} d={`M0 ${from} C20 ${from} 20 ${to} 40 ${to}`} />;
      })}
    </svg>
  );
}

function Column({ pipeline, nodes, more }: { pipeline: string; nodes: readonly Node[]; more: number }) {
  return (
    <ul className="lineage-column">
      {nodes.map((node) => (
        <li key={node.block}>
          <NodeBox pipeline={pipeline} node={node} />
        </li>
      ))}
      {more > 0 ? <li className="text-meta text-3">and {more} more</li> : null}
    </ul>
  );
}

export function Lineage({ pipeline, block, name, owner }: { pipeline: string; block: string; name: string; owner: Pipeline | undefined }) {
  const all = useQuery(products.list());
  const shared = useQuery(globalProducts.list());
  const made = new Map((all.data?.products ?? []).filter((one) => one.pipeline_uuid === pipeline && one.name === 'output_0').map((one) => [one.block_uuid, one]));
  const blocks = new Map((owner?.blocks ?? []).map((one) => [one.uuid, one]));
  const node = (uuid: string): Node => {
    const product = made.get(uuid);
    const about = product === undefined ? 'has made no data' : product.kind === 'frame' ? shapeWords(product.rows, product.columns) : 'a value';
    return { block: uuid, type: blocks.get(uuid)?.type ?? '', about };
  };
  const here: BlockSummary | undefined = blocks.get(block);
  const above = here?.upstream_blocks ?? [];
  const below = here?.downstream_blocks ?? [];
  const using = (shared.data ?? []).filter((one) => one.object_uuid === pipeline);
  const height = Math.max(high(Math.min(above.length, MOST)), high(Math.min(below.length, MOST)), NODE);
  return (
    <section className="product-lineage" aria-label="Lineage">
      <div className="product-pane-head">
        <h2 className="section-title">Lineage</h2>
        <span className="text-meta text-2">
          {above.length} above, {below.length} below
        </span>
      </div>
      <div className="lineage">
        {above.length === 0 ? null : (
          <>
            <Column pipeline={pipeline} nodes={above.slice(0, MOST).map(node)} more={above.length - MOST} />
            <Lines many={Math.min(above.length, MOST)} height={height} isIn />
          </>
        )}
        <NodeBox pipeline={pipeline} node={{ ...node(block), about: name }} isHere />
        {below.length === 0 ? null : (
          <>
            <Lines many={Math.min(below.length, MOST)} height={height} isIn={false} />
            <Column pipeline={pipeline} nodes={below.slice(0, MOST).map(node)} more={below.length - MOST} />
          </>
        )}
      </div>
      {using.length === 0 ? null : (
        <p className="product-note">
          {plural(using.length, 'global data product')} of this pipeline:{' '}
          {using.map((one, at) => (
            <span key={one.uuid}>
              {at === 0 ? '' : ', '}
              <Link className="link mono" to={`${paths.globalProducts()}?product=${encodeURIComponent(one.uuid)}`}>
                {one.uuid}
              </Link>
            </span>
          ))}
        </p>
      )}
    </section>
  );
}
