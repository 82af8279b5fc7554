// An output that is no table: a value, a text, a picture.
import { useQuery } from '@tanstack/react-query';

import { bytesOf, type TableOf, tables } from '../../api/tables';
import type { Product } from '../notebook/model';
import { size } from '../../lib/format';
import { Failure, Skeleton } from '../../ui/states';
import './table.css';

/** Longer texts are cut here; the whole is a download. */
const MOST = 200_000;

function Written({ of }: { of: TableOf }) {
  const found = useQuery(tables.text(of));
  if (found.isPending) return <Skeleton width="60%" />;
  if (found.error) return <Failure title="The value could not be loaded" error={found.error} onRetry={() => void found.refetch()} />;
  const text = found.data;
  return (
    <>
      <pre className="value">{text.slice(0, MOST)}</pre>
      {text.length > MOST ? <p className="text-meta text-3">Only the beginning is shown.</p> : null}
    </>
  );
}

export function ProductText({ of, product }: { of: TableOf; product: Product }) {
  return (
    <figure className="value-of">
      <figcaption className="text-meta text-3">
        <span className="mono">{product.name}</span> · {size(product.bytes)} ·{' '}
        <a className="link" href={bytesOf(of)} download={product.name}>
          Download
        </a>
      </figcaption>
      {product.kind === 'image' ? <img src={bytesOf(of)} alt={`Output ${product.name}`} /> : null}
      {product.kind === 'json' || product.kind === 'text' ? <Written of={of} /> : null}
      {product.kind === 'opaque' ? <p className="text-table text-2">An object that only Python can open. Blocks below get it as it is.</p> : null}
    </figure>
  );
}
